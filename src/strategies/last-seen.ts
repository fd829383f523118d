/**
 * When a connection was last seen: a word of its own beside the entry, in milliseconds that go round after 24 days, and
 * −1 for one that was swept.
 *
 * A heartbeat exchanges that word for a newer one, and the sweep for −1, each only if it is still what it saw: so of a
 * heartbeat and a sweep at the same time one fails, also where a heartbeat takes no lock. In a record that was taken out
 * and given to another id meanwhile, the word differs as well.
 */

/** Times in a word: 31 bits. */
const TIME_MASK = 2 ** 31 - 1;

export const SWEPT = -1;

export function wordOf(atMs: number): number {
  return atMs & TIME_MASK;
}

/** Milliseconds since a time in a word; 0 where it was stored a moment later. */
export function ageMs(word: number, nowMs = Date.now()): number {
  return Math.max(0, ((nowMs - word) << 1) >> 1);
}
