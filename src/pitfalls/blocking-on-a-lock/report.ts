/** The report: sorted and formatted, some tens of milliseconds of work. */
export function writeReport(levels: Int32Array): string {
  return Array.from(levels, (level, item) => ({ item, level }))
    .sort((a, b) => b.level - a.level || a.item - b.item)
    .map(({ item, level }) => `${item}\t${level}`)
    .join('\n');
}
