/**
 * Time. Ages, leases and deadlines go by a monotonic clock, the same one for all threads of the process; nobody can set
 * it. The wall clock, which anybody may set, is for answers, and for what outlives the process.
 */
export interface Clock {
  /** Whole milliseconds since some moment; they never go back, and are the same on every thread. For no other process. */
  nowMs(): number;
  /** What is to be added to such a moment to have it by the wall clock, as that is set now. */
  wallOffsetMs(): number;
}

/** What the wall clock must differ by from what is expected to have been set: less is the time between two readings. */
const STEP_MS = 25;
/** Readings further apart say nothing about each other: the thread had to wait in between. */
const APART_MS = 2;

/** Both clocks are read in whole milliseconds: so no answer tells a time that is still to come. */
const ROUNDING_MS = 1;

export class SystemClock implements Clock {
  #offsetMs: number;
  readonly #steps: Float64Array | undefined;

  /**
   * @param wallOffsetMs the same for all threads, so that they tell the same time to the millisecond
   * @param steps for tests, in memory of all threads: what to add to the monotonic clock, and to the wall clock
   */
  constructor(wallOffsetMs = Date.now() - monotonicMs() - ROUNDING_MS, steps?: SharedArrayBuffer) {
    this.#offsetMs = wallOffsetMs;
    this.#steps = steps && new Float64Array(steps);
  }

  nowMs(): number {
    return monotonicMs() + (this.#steps?.[0] ?? 0);
  }

  wallOffsetMs(): number {
    const beforeMs = this.nowMs();
    const wallMs = Date.now() + (this.#steps?.[1] ?? 0);
    const offsetMs = wallMs - beforeMs - ROUNDING_MS;
    const isSure = this.nowMs() - beforeMs <= APART_MS;
    if (isSure && Math.abs(offsetMs - this.#offsetMs) > STEP_MS) this.#offsetMs = offsetMs;
    return this.#offsetMs;
  }
}

/** As `Clock.nowMs`: `performance.now()` begins anew in each thread. */
function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + Math.floor(nanoseconds / 1e6);
}
