import type { Awaitable } from '../sync/wait.ts';
import { ConflictError, OverflowError } from '../errors.ts';
import type { Call } from './call.ts';

/**
 * Named integers. Linearizable under every strategy but the control: each operation takes effect at one moment
 * between its call and its answer, and every acknowledged increment counts exactly once.
 *
 * Values are exact integers within ±(2^53 − 1). A counter exists from its first write to its deletion.
 */
export interface Counters {
  /**
   * Adds `by` to a counter; one that does not exist counts as 0.
   *
   * @returns the value just after this increment
   * @throws {OverflowError} the result would not be exact
   * @throws {CapacityError} a new counter does not fit
   */
  increment(key: string, by: number, call: Call): Awaitable<number>;

  /**
   * Sets a counter to `value` if it is `expected`; one that does not exist counts as 0.
   *
   * @returns the new value
   * @throws {ConflictError} it was another value, which the error carries
   */
  compareAndSet(key: string, expected: number, value: number, call: Call): Awaitable<number>;

  /** @returns the value, undefined for a counter that does not exist */
  read(key: string, call: Call): Awaitable<number | undefined>;

  /** @returns whether the counter existed */
  delete(key: string, call: Call): Awaitable<boolean>;

  /** A page of counters as one consistent cut. A key present throughout a listing appears exactly once. */
  list(request: PageRequest, call: Call): Awaitable<CounterPage>;
}

export interface PageRequest {
  /** Most entries to return: 1–1000. */
  readonly limit: number;
  /** Where the page before ended; 0 for the first page. */
  readonly cursor: number;
}

export interface CounterPage {
  readonly counters: readonly { readonly key: string; readonly value: number }[];
  /** All counters there are, not only those of the page. */
  readonly total: number;
  /** Where the next page starts; undefined after the last. */
  readonly cursor: number | undefined;
}

/** How a write turns the current value into the next. Pure: it runs inside critical sections, and may throw. */
export type CounterChange = (current: number | undefined) => number;

export function increased(by: number): CounterChange {
  return (current = 0) => {
    const next = current + by;
    if (!Number.isSafeInteger(next)) throw new OverflowError(current, by);
    return next;
  };
}

export function swapped(expected: number, value: number): CounterChange {
  return (current = 0) => {
    if (current !== expected) throw new ConflictError(expected, current);
    return value;
  };
}
