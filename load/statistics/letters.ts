/**
 * A compact letter display: two that share a letter are not told apart, two that share none are.
 *
 * @see Piepho, "An Algorithm for a Letter-Based Representation of All-Pairwise Comparisons" (2004), insert and absorb
 */
export function lettersOf(
  names: readonly string[],
  isApart: (one: string, other: string) => boolean,
): Map<string, string> {
  let columns: ReadonlySet<string>[] = [new Set(names)];
  for (const [index, one] of names.entries()) {
    for (const other of names.slice(index + 1)) {
      if (!isApart(one, other)) continue;
      const inserted = columns.flatMap((column) =>
        column.has(one) && column.has(other) ? [without(column, one), without(column, other)] : [column],
      );
      columns = absorbed(inserted);
    }
  }
  const rank = (column: ReadonlySet<string>) => names.findIndex((name) => column.has(name));
  const ordered = columns.toSorted((a, b) => rank(a) - rank(b) || lastOf(names, a) - lastOf(names, b));
  return new Map(
    names.map((name) => [name, ordered.map((column, index) => (column.has(name) ? letterAt(index) : '')).join('')]),
  );
}

function without(column: ReadonlySet<string>, name: string): ReadonlySet<string> {
  return new Set([...column].filter((item) => item !== name));
}

/** A column within another says nothing that the other does not. */
function absorbed(columns: readonly ReadonlySet<string>[]): ReadonlySet<string>[] {
  return columns.filter(
    (column, index) =>
      !columns.some(
        (other, place) => place !== index && column.isSubsetOf(other) && (column.size < other.size || place < index),
      ),
  );
}

function lastOf(names: readonly string[], column: ReadonlySet<string>): number {
  return names.findLastIndex((name) => column.has(name));
}

/** a to z, then a2 to z2. */
function letterAt(index: number): string {
  const turn = Math.floor(index / 26);
  return `${String.fromCodePoint(97 + (index % 26))}${turn === 0 ? '' : turn + 1}`;
}
