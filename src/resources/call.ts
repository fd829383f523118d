import type { Timing, WaitOptions } from '../sync/wait.ts';

/**
 * One request as the layers below HTTP see it: how long it may still wait, when nobody wants its result any more,
 * and where its waiting is added up.
 */
export interface Call extends WaitOptions {
  /** Milliseconds until the request's deadline; at least 0. */
  readonly remainingMs: number;
  /** Aborts at the deadline or when the client goes away. Made when first asked for. */
  readonly signal: AbortSignal;
  readonly timing: Timing | undefined;
}

/** For what the service does on its own account: no deadline, and nobody to leave. */
export const unhurried: Call = { remainingMs: 2 ** 31 - 1, signal: new AbortController().signal, timing: undefined };
