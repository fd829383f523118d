/** The value below which a share `at` of the sorted values lies; 0 when there is none. */
export function quantile(sorted: ArrayLike<number>, at: number): number {
  return sorted.length === 0 ? 0 : sorted[Math.min(sorted.length - 1, Math.floor(at * sorted.length))]!;
}
