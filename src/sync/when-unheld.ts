/**
 * Runs a write of a `SnapshotCell`. While readers leave no room for the next version it is tried again, with turns of
 * the event loop between: the caller waits, the thread does not. A reader of a listing is done within milliseconds.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { VersionsHeldError } from '../errors.ts';
import type { Awaitable, WaitOptions } from './wait.ts';

const TRY_AGAIN_MS = 1;
/** Then a reader stands still, and the caller is told so. */
const LONGEST_MS = 2_000;

/**
 * @returns what `write` returns: at once where nobody is in the way
 * @throws {VersionsHeldError} readers stayed until the call's deadline, or for two seconds; nothing changed
 * @throws the reason of the call's signal; nothing changed
 */
export function whenUnheld<T>(write: () => T, call: WaitOptions): Awaitable<T> {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof VersionsHeldError)) throw error;
    return tryAgain(write, call);
  }
}

async function tryAgain<T>(write: () => T, { remainingMs = LONGEST_MS, signal }: WaitOptions): Promise<T> {
  const untilMs = performance.now() + Math.min(remainingMs, LONGEST_MS);
  for (;;) {
    await delay(TRY_AGAIN_MS);
    signal?.throwIfAborted();
    try {
      return write();
    } catch (error) {
      if (!(error instanceof VersionsHeldError) || performance.now() >= untilMs) throw error;
    }
  }
}
