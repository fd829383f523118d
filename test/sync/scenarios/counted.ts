/** What the lock scenarios count, and what must be true of it afterwards. */
import { ownerOf } from '../../../src/sync/lock-line.ts';
import type { RunMemory } from '../../support/steps/scenario.ts';

export const COUNT = 0;
/** First of a word per thread: how much of the count it was told of. */
export const ACKNOWLEDGED = 8;

/** Whether an error has one of these codes. */
export function hasCode(error: unknown, codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

/**
 * Nothing acknowledged is missing, nothing happened that nobody asked for, and the lock is free.
 *
 * @param unknown changes that may have happened without an answer: their threads were killed
 */
export function exact({ notes, locks }: RunMemory, unknown = 0): string[] {
  const acknowledged = notes.subarray(ACKNOWLEDGED, ACKNOWLEDGED + 5).reduce((sum, count) => sum + count, 0);
  const count = notes[COUNT]!;
  const found: string[] = [];
  if (count < acknowledged || count > acknowledged + unknown)
    found.push(`${count} counted, ${acknowledged} acknowledged`);
  if (ownerOf(locks[0]!) !== 0) found.push(`the lock is left in state ${locks[0]}`);
  return found;
}
