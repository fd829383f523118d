/** What holds within each version of a cell and in no mixture of two: a sum of zero, and one stamp everywhere. */
import type { SnapshotCell } from '../../src/sync/snapshot-cell.ts';

export const PAGES = 280; // two directories
export const SIZE = { words: PAGES * 256, sparePages: 256 };
const ACCOUNTS = 40;
const STAMPS = [3, 9 * 256 + 255, 255 * 256, 256 * 256 + 7, 279 * 256 + 255];

export const STOP = 0;
export const PROGRESS_WORDS = 65;

const account = (at: number): number => at * 7 * 256 + at;

/** One turn: moves an amount from one account to another, and stamps the version. */
export function move(cell: SnapshotCell, random: () => number): void {
  const [from, to] = [account(Math.floor(random() * ACCOUNTS)), account(Math.floor(random() * ACCOUNTS))];
  const amount = Math.floor(random() * 1000);
  const stamp = cell.field(0) + 1;
  cell.setField(0, stamp);
  cell.set(from, cell.word(from) - amount);
  for (const word of STAMPS) cell.set(word, stamp | 0);
  cell.set(to, cell.word(to) + amount);
}

/** Checks the version that is read. @returns a number made of all of it */
export function balance(cell: SnapshotCell): number {
  let sum = 0;
  let mixed = 0;
  for (let at = 0; at < ACCOUNTS; at++) {
    const amount = cell.word(account(at));
    sum += amount;
    mixed = (Math.imul(mixed, 31) + amount) | 0;
  }
  if (sum !== 0) throw new Error(`the accounts of a version sum to ${sum}`);
  const stamp = cell.field(0);
  for (const word of STAMPS) {
    if (cell.word(word) !== (stamp | 0)) throw new Error(`version ${stamp} has a page of version ${cell.word(word)}`);
  }
  return mixed + stamp;
}
