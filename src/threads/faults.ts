/**
 * Faults that an experimenter asks for over HTTP, met by the next so many writes of one cell, on whichever thread.
 *
 * ```
 * word 0–3   how many more of each kind
 * word 4     delay of a slow origin, in milliseconds
 * ```
 */
import { setTimeout as delay } from 'node:timers/promises';
import { InjectedFaultError, OriginFailedError, OriginTimeoutError } from '../errors.ts';
import type { Origin } from '../origin/origin.ts';
import type { RedisCell } from '../origin/redis-cell.ts';

export const faultKinds = ['throw-in-section', 'exit-holding', 'origin-delay', 'origin-fail'] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Exit code of a thread that ended because somebody asked for it; it does not count towards a crash loop. */
export const INJECTED_EXIT = 70;

const DELAY_MS = faultKinds.length;

export class Faults {
  static readonly bytes = 64;
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  /** The next `times` writes meet the fault. */
  inject(kind: FaultKind, times: number, delayMs: number): void {
    Atomics.store(this.#words, DELAY_MS, delayMs);
    Atomics.add(this.#words, faultKinds.indexOf(kind), times);
  }

  /** In the middle of a change: throws, or ends this thread at once, when that was asked for. */
  midway(): void {
    if (this.#takes('throw-in-section')) throw new InjectedFaultError();
    if (this.#takes('exit-holding')) process.exit(INJECTED_EXIT); // of this thread: no `finally` runs, locks stay held
  }

  /** An origin that is late or fails when that was asked for. */
  origin(origin: Origin, timeoutMs: number): Origin {
    return {
      load: (key, options) => origin.load(key, options),
      store: (writes, options) => {
        const limitMs = Math.min(timeoutMs, options?.remainingMs ?? Infinity);
        return this.#meet(writes.length, limitMs, (late) => origin.store(writes, late ? undefined : options));
      },
    };
  }

  /** A cell's own Redis, whose writes are late or fail when that was asked for. */
  redis(redis: RedisCell, timeoutMs: number): RedisCell {
    return {
      ...redis,
      send: (command, ifLost, call) => {
        if (ifLost === 'not-applied') return redis.send(command, ifLost, call);
        const limitMs = Math.min(timeoutMs, call?.remainingMs ?? Infinity);
        return this.#meet(1, limitMs, (late) => redis.send(command, ifLost, late ? undefined : call));
      },
    };
  }

  /** Sends writes to an origin that may be made to fail or to be late. */
  async #meet<T>(writes: number, limitMs: number, send: (late: boolean) => Promise<T>): Promise<T> {
    if (this.#takes('origin-fail', writes)) throw new OriginFailedError('the origin failed, as was asked for');
    if (!this.#takes('origin-delay', writes)) return send(false);
    const delayMs = Atomics.load(this.#words, DELAY_MS);
    const stored = delay(delayMs).then(() => send(true)); // it arrives, perhaps after nobody waits
    if (delayMs < limitMs) return stored;
    stored.catch(() => {});
    await delay(limitMs);
    throw new OriginTimeoutError(Math.round(limitMs));
  }

  /** Counts up to `writes` of what is left of a kind as met. @returns whether any was left */
  #takes(kind: FaultKind, writes = 1): boolean {
    const word = faultKinds.indexOf(kind);
    for (;;) {
      const left = Atomics.load(this.#words, word);
      if (left === 0) return false;
      if (Atomics.compareExchange(this.#words, word, left, Math.max(0, left - writes)) === left) return true;
    }
  }
}
