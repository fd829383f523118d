/**
 * Holm's adjustment: of many comparisons some look large by chance. Adjusted so that the chance of even one false claim
 * in the family stays below the level.
 *
 * @see Holm, "A Simple Sequentially Rejective Multiple Test Procedure" (1979)
 */
export function holmAdjusted(ps: readonly number[]): number[] {
  const ascending = ps.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const adjusted = Array.from(ps, () => 1);
  let least = 0;
  for (const [rank, { p, index }] of ascending.entries()) {
    least = Math.max(least, Math.min(1, p * (ps.length - rank)));
    adjusted[index] = least;
  }
  return adjusted;
}
