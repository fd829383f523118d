/** Figures to four significant digits: more than any of them was measured to, in a fraction of the bytes. */

const SIGNIFICANT_DIGITS = 4;

/** The same value with every fraction in it shortened. Whole numbers stay as they are: counts, versions, times of day. */
export function rounded<T>(value: T): T {
  if (typeof value === 'number') {
    return (
      Number.isInteger(value) || !Number.isFinite(value) ? value : Number(value.toPrecision(SIGNIFICANT_DIGITS))
    ) as T;
  }
  if (Array.isArray(value)) return value.map(rounded) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, rounded(item)])) as T;
}
