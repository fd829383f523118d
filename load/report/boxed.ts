/** A table for the terminal. */
import Table from 'cli-table3';

/** A table as rows of text, the first its head; every column but the first is right-aligned. */
export type TextTable = readonly (readonly string[])[];

export function boxed([head = [], ...rows]: TextTable): string {
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, index) => (index === 0 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}
