/**
 * Write-through: a write is acknowledged when the origin has it, or a newer version of its key.
 *
 * Writes that come within one turn of the event loop go as one batch, and of many versions of a key only the newest
 * is sent. Batches overtake each other freely: the origin keeps the newest version, whatever the order. A batch that
 * failed is sent again until the origin has it; meanwhile its writers have their answer, `outcome: "unknown"`.
 *
 * What has to be sent again is bounded: `assertTakes`, which comes before every change, refuses more, and more deletions than
 * the origin can remember.
 */
import { FencedError, OriginFailedError, OriginFullError, OriginTimeoutError, OverloadedError } from '../errors.ts';
import { Deadlines, Expiring } from '../sync/deadlines.ts';
import type { Awaitable, WaitOptions } from '../sync/wait.ts';
import type { Origin, OriginValue, OriginWrite, Written } from './origin.ts';

/** First pause before a failed batch is sent again, and the longest. */
const RETRY_MS = 50;
const MAX_RETRY_MS = 2_000;
/** Keys that are sent again at once: however many have failed, each step is small enough to be answered in time. */
const RETRY_KEYS = 500;
/** Keys of a cell that a thread has to send again before it takes no more: some 4 MB of counters. */
const MAX_UNSTORED = 10_000;

export interface WriteThrough {
  /**
   * Called before anything is changed.
   *
   * @throws {OverloadedError} the origin has failed for so many keys, or remembers so many deletions, that one more has no room
   */
  assertTakes(change: 'write' | 'deletion'): void;

  /**
   * The written value, once the origin has it or a newer version of `key`.
   *
   * @throws {OriginFailedError} {OriginTimeoutError} with `outcome: "unknown"`: the write stays and is stored later
   */
  stored<T extends OriginValue>(key: string, written: Written<T>, call: WaitOptions): Awaitable<T>;
}

/** `WRITE_THROUGH=off`: memory is all there is. */
export const memoryOnly: WriteThrough = { assertTakes() {}, stored: (_key, { value }) => value };

export interface WriteThroughOptions {
  /** Where a failed batch is sent again; another view of the same origin, without injected faults. */
  readonly retryAt?: Origin;
  /** Keys that may wait to be sent again before no more is taken. */
  readonly maxUnstored?: number;
  /** Called when what waits to be sent again may have changed. */
  readonly onUnstored?: () => void;
}

interface Unstored extends Written {
  readonly sinceMs: number;
}

interface Writer {
  resolve(): void;
  reject(error: unknown): void;
}

export class OriginWriteThrough implements WriteThrough {
  readonly #deadlines = new Deadlines();
  readonly #origin: Origin;
  readonly #retryAt: Origin;
  #batch = new Map<string, Written>();
  #writers: Writer[] = [];
  /** Newest version per key that the origin refused or did not confirm. */
  readonly #unstored = new Map<string, Unstored>();
  readonly #options: WriteThroughOptions;
  #retryMs = RETRY_MS;
  #retrying: NodeJS.Timeout | undefined;

  constructor(origin: Origin, options: WriteThroughOptions = {}) {
    this.#origin = origin;
    this.#retryAt = options.retryAt ?? origin;
    this.#options = options;
  }

  assertTakes(change: 'write' | 'deletion'): void {
    const { maxUnstored = MAX_UNSTORED } = this.#options;
    if (this.#unstored.size >= maxUnstored) {
      throw new OverloadedError(
        `the origin failed, and ${maxUnstored} keys wait to be stored already; nothing was changed`,
      );
    }
    const fullMs = change === 'deletion' ? (this.#retryAt.deletionsFullMs?.('') ?? 0) : 0;
    if (fullMs > 0) {
      const seconds = Math.ceil(fullMs / 1000);
      throw new OverloadedError(
        `the origin remembers as many deletions as it may, the oldest for ${seconds} s more; nothing was changed`,
      );
    }
  }

  /** Keys whose newest version is not stored yet because the origin failed. */
  get unstored(): number {
    return this.#unstored.size;
  }

  /** Since when the longest has waited to be stored again, in milliseconds of `performance.now()`. */
  get unstoredSinceMs(): number | undefined {
    const [oldest] = this.#unstored.values();
    return oldest?.sinceMs;
  }

  /** Sends what failed until the origin has it, for at most `withinMs`. For the end of the thread. */
  async flush(withinMs: number): Promise<void> {
    const untilMs = performance.now() + withinMs;
    while (this.#unstored.size > 0 && performance.now() < untilMs) {
      clearTimeout(this.#retrying);
      await this.#retry();
      if (this.#unstored.size > 0) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async stored<T extends OriginValue>(key: string, written: Written<T>, call: WaitOptions): Promise<T> {
    const startedMs = call.timing === undefined ? 0 : performance.now();
    try {
      await withinDeadline(this.#join(key, written), call, this.#deadlines);
    } finally {
      call.timing?.add('origin', performance.now() - startedMs);
    }
    return written.value;
  }

  #join(key: string, written: Written): Promise<void> {
    keepNewest(this.#batch, key, written);
    return new Promise((resolve, reject) => {
      this.#writers.push({ resolve, reject });
      if (this.#writers.length === 1) setImmediate(() => void this.#send());
    });
  }

  async #send(): Promise<void> {
    const batch = this.#batch;
    const writers = this.#writers;
    this.#batch = new Map();
    this.#writers = [];
    try {
      await this.#origin.store(toWrites(batch));
      this.#forget(batch);
      for (const writer of writers) writer.resolve();
    } catch (error) {
      if (!(error instanceof FencedError)) this.#keepUnstored(batch);
      for (const writer of writers) writer.reject(unknownOutcome(error));
    }
  }

  #keepUnstored(batch: ReadonlyMap<string, Written>): void {
    const nowMs = performance.now();
    for (const [key, written] of batch) {
      const before = this.#unstored.get(key);
      if (before !== undefined && before.version >= written.version) continue;
      this.#unstored.set(key, { ...written, sinceMs: before?.sinceMs ?? nowMs }); // where it was among the others
    }
    this.#options.onUnstored?.();
    this.#retryLater();
  }

  /** No origin will ever take it. */
  #forgetAll(): void {
    this.#unstored.clear();
    this.#options.onUnstored?.();
  }

  #retryLater(): void {
    if (this.#retrying !== undefined) return;
    this.#retrying = setTimeout(() => void this.#retry(), this.#retryMs).unref();
  }

  async #retry(): Promise<void> {
    const unstored = Array.from(this.#unstored);
    try {
      for (let at = 0; at < unstored.length; at += RETRY_KEYS) {
        const batch = new Map(unstored.slice(at, at + RETRY_KEYS));
        await this.#retryAt.store(toWrites(batch));
        this.#retryMs = RETRY_MS;
        this.#forget(batch); // what is stored stays so, though the rest may fail again
      }
    } catch (error) {
      if (error instanceof FencedError) this.#forgetAll();
      this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
    }
    this.#retrying = undefined;
    if (this.#unstored.size > 0) this.#retryLater();
  }

  /** A confirmed version settles older ones of its key. */
  #forget(batch: ReadonlyMap<string, Written>): void {
    if (this.#unstored.size === 0) return;
    for (const [key, { version }] of batch) {
      const unstored = this.#unstored.get(key);
      if (unstored !== undefined && unstored.version <= version) this.#unstored.delete(key);
    }
    this.#options.onUnstored?.();
  }
}

function keepNewest(kept: Map<string, Written>, key: string, written: Written): void {
  const before = kept.get(key);
  if (before === undefined || before.version < written.version) kept.set(key, written);
}

function toWrites(batch: ReadonlyMap<string, Written>): OriginWrite[] {
  return Array.from(batch, ([key, { value, version }]) => ({ key, value, version }));
}

/**
 * The memory has changed already, so a refusal by the origin is not "nothing happened": the write stays and is stored later.
 * One of a process that is fenced out stays nowhere, and nobody reads its memory any more.
 */
function unknownOutcome(error: unknown): unknown {
  const refused = error instanceof OriginFailedError || error instanceof OriginFullError;
  return refused ? new OriginFailedError(error.message, 'unknown') : error;
}

async function withinDeadline(
  stored: Promise<void>,
  { remainingMs = Infinity }: WaitOptions,
  deadlines: Deadlines,
): Promise<void> {
  if (remainingMs === Infinity) return stored;
  const { promise: late, reject } = Promise.withResolvers<never>();
  const deadline = new StoreDeadline(remainingMs, reject);
  deadlines.add(deadline);
  try {
    await Promise.race([stored, late]);
  } finally {
    deadlines.remove(deadline);
  }
}

class StoreDeadline extends Expiring {
  readonly untilMs: number;
  readonly #limitMs: number;
  readonly #reject: (error: unknown) => void;

  constructor(limitMs: number, reject: (error: unknown) => void) {
    super();
    this.#limitMs = limitMs;
    this.untilMs = performance.now() + limitMs;
    this.#reject = reject;
  }

  expire(): void {
    this.#reject(new OriginTimeoutError(Math.round(this.#limitMs)));
  }
}
