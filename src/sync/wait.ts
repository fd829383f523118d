/** How long and on whose behalf a caller waits. `sync/` reads it; a request implements it. */
export interface WaitOptions {
  /** Time left in milliseconds; a wait never lasts longer. */
  readonly remainingMs?: number;
  /** Aborted when nobody wants the result any more; its reason is what the wait throws. */
  readonly signal?: AbortSignal | undefined;
  /** Where waiting and holding are added up, when somebody asked for it. */
  readonly timing?: Timing | undefined;
}

/** Milliseconds spent per part of an operation. `add` must not throw: it is called with locks held. */
export interface Timing {
  add(part: 'wait' | 'hold' | 'origin', elapsedMs: number): void;
}

/** A value, or the promise of one: a synchronous strategy creates no promise. Callers always `await`. */
export type Awaitable<T> = T | Promise<T>;
