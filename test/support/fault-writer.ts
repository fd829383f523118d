/** A writer that keeps books: what it asked for, what it was told, and when. */
import { setTimeout as delay } from 'node:timers/promises';
import { SharedStateError } from '../../src/errors.ts';
import type { Origin, OriginValue, OriginWrite } from '../../src/origin/origin.ts';
import type { Random } from '../../src/random.ts';

export const FAULT_CELL = 'one/counters';

/** A batch that was asked for; the same version and value under each of its keys. */
export interface BookedWrite {
  readonly keys: readonly string[];
  readonly version: number;
  readonly value: OriginValue;
  acknowledged: boolean;
  /** Every answer so far was that nothing was applied. */
  notApplied: boolean;
}

/** What all writers count together, and a way to wait until it says something. */
export class Tally {
  acknowledged = 0;
  unknown = 0;
  notApplied = 0;
  /** Answers that came after their deadline although this thread was free to give them. */
  late = 0;
  slowestMs = 0;
  readonly #waiting = new Set<() => void>();

  get failures(): number {
    return this.unknown + this.notApplied;
  }

  noteAnswer(tookMs: number): void {
    this.slowestMs = Math.max(this.slowestMs, tookMs);
    for (const check of this.#waiting) check();
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }
}

/** An answer that is not there this much after its deadline is late, once every timer that was due has run. */
const BELL_MS = 5;
const AGAIN_MS = 10;
const KEYS = 3;

export class FaultWriter {
  readonly books: BookedWrite[] = [];
  /** Writes that were acknowledged. */
  acknowledged = 0;
  readonly #name: string;
  readonly #origin: Origin;
  readonly #timeoutMs: number;
  readonly #random: Random;
  readonly #tally: Tally;

  constructor(name: string, origin: Origin, timeoutMs: number, random: Random, tally: Tally) {
    this.#name = name;
    this.#origin = origin;
    this.#timeoutMs = timeoutMs;
    this.#random = random;
    this.#tally = tally;
  }

  /** Writes one version after another until told to stop. Of what was not acknowledged it repeats most. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const booked = this.#next();
      this.books.push(booked);
      do await this.#attempt(booked);
      while (!booked.acknowledged && !stop.aborted && this.#random() < 0.8);
    }
  }

  #next(): BookedWrite {
    const version = this.books.length + 1;
    const keys = Array.from({ length: KEYS }, (_, at) => `${this.#name}-${at}`).filter(() => this.#random() < 0.6);
    if (keys.length === 0) keys.push(`${this.#name}-0`);
    const kind = this.#random();
    const value = kind < 0.1 ? undefined : kind < 0.4 ? `text ${version}` : version;
    return { keys, version, value, acknowledged: false, notApplied: true };
  }

  async #attempt(booked: BookedWrite): Promise<void> {
    const { version, value } = booked;
    const writes: OriginWrite[] = booked.keys.map((key) => ({ key: `${FAULT_CELL}/${key}`, value, version }));
    const startedMs = performance.now();
    let answered = false;
    const stored = this.#origin.store(writes); // its deadline runs from here, and the bell's a moment longer
    const bell = setTimeout(() => {
      setImmediate(() => (this.#tally.late += answered ? 0 : 1)); // however long this thread could not run any timer
    }, this.#timeoutMs + BELL_MS);
    try {
      await stored;
      booked.acknowledged = true;
      booked.notApplied = false;
      this.acknowledged += 1;
      this.#tally.acknowledged += 1;
    } catch (error) {
      if (!(error instanceof SharedStateError)) throw error;
      if (error.outcome === 'unknown') booked.notApplied = false;
      if (error.outcome === 'unknown') this.#tally.unknown += 1;
      else this.#tally.notApplied += 1;
    } finally {
      answered = true;
      clearTimeout(bell);
    }
    this.#tally.noteAnswer(performance.now() - startedMs);
    if (!booked.acknowledged) await delay(AGAIN_MS);
  }
}
