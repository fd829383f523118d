/** Loads of a few keys that many want at a time: the thread dies that loads, and exactly one other loads. */
import { DeadlineError } from '../../src/errors.ts';
import { LOCK_WORDS } from '../../src/sync/lock-line.ts';
import type { SingleFlight } from '../../src/sync/single-flight.ts';
import { type Slot, ThreadTable } from '../../src/sync/thread-table.ts';
import type { CrewMemory, Job, Post } from '../../test/support/crew-worker.ts';
import { flightMemory, openFlights } from '../../test/support/flight-memory.ts';
import type { Audit, KillKind, KillParams } from './kind.ts';
import * as notes from './kill-notes.ts';
import { Mortal } from './mortal.ts';

const THREADS = 4;
const LANES = 6;
const KEYS = 4;
const SHAPE = { capacity: 64, capacityBytes: 2 ** 16 };
const LOCKS = flightMemory().locks.length / LOCK_WORDS;

/** Word of a key: slot of the thread that loads it, 0 while nobody does. */
const loaderOf = notes.ofKey;
/** Word of a key: how many loads of it have begun. */
const loadsOf = (key: number): number => notes.ofKey(KEYS + key);

class Flyer {
  readonly #mortal: Mortal;
  readonly #flights: SingleFlight;
  readonly #slot: Slot;
  #loading = 0;

  constructor(post: Post, params: KillParams) {
    const { memory, slot } = post;
    this.#mortal = new Mortal(post, params);
    this.#slot = slot;
    this.#mortal.stayWhile(() => this.#loading > 0 || this.#mortal.owns(0, LOCKS));
    const load = (key: string): Promise<Uint8Array<ArrayBuffer>> => this.#load(Number(key));
    const more = { timeoutMs: params.hangMs };
    this.#flights = openFlights({ ...SHAPE, ...memory }, slot, load, more).flights;
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: LANES }, () => this.#gets()));
  }

  async #gets(): Promise<void> {
    while (await this.#mortal.goesOnTurning()) {
      const key = Math.trunc(this.#mortal.random() * KEYS);
      const { deaths } = this.#mortal;
      const startedMs = performance.now();
      try {
        const { value } = await this.#flights.get(String(key));
        const [loaded, number] = Buffer.from(value!).toString().split(' ');
        const loads = this.#mortal.noted(loadsOf(key));
        if (Number(loaded) !== key || !(Number(number) <= loads)) this.#mortal.count(notes.TORN);
      } catch (error) {
        if (!(error instanceof DeadlineError)) throw error;
        this.#mortal.count(notes.TIMEOUTS);
      }
      this.#mortal.waited(deaths, performance.now() - startedMs);
      this.#mortal.count(notes.CHANGES);
    }
  }

  async #load(key: number): Promise<Uint8Array<ArrayBuffer>> {
    const { memory, threads } = this.#mortal.post;
    this.#loading += 1;
    const before = Atomics.exchange(memory.notes, loaderOf(key), this.#slot);
    // Two at a time: only a dead thread may still stand there.
    if (before !== 0 && threads.livingAt(ThreadTable.positionOf(before)) === before) this.#mortal.count(notes.WRONG);
    const number = this.#mortal.count(loadsOf(key)) + 1;
    for (let turns = Math.trunc(this.#mortal.random() * 4); turns > 0; turns--) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      this.#mortal.step();
    }
    Atomics.compareExchange(memory.notes, loaderOf(key), this.#slot, 0);
    this.#loading -= 1;
    return Buffer.from(`${key} ${number} `.padEnd(Math.trunc(this.#mortal.random() * 300)));
  }
}

const fly: Job<KillParams> = (post, params) => new Flyer(post, params).run();

export const jobs = { fly };

export const flightKind: KillKind = {
  name: 'single-flight loader',
  threads: THREADS,
  locks: LOCKS,
  dataBytes: flightMemory(SHAPE.capacity, SHAPE.capacityBytes).data.byteLength,
  jobs: import.meta.url,
  jobAt: () => 'fly',
  victims: [0, 1, 2, 3],
  points: 0,
  steps: 40,
  besides: 'loads',
  holds: ({ notes: words }, slot) => loaders(words).filter((loader) => loader === slot).length,
  isTakenOver: ({ notes: words }, threads) =>
    loaders(words).every((loader) => loader === 0 || threads.livingAt(ThreadTable.positionOf(loader)) === loader),
  audit,
};

function loaders(words: Int32Array): number[] {
  return Array.from({ length: KEYS }, (_, key) => Atomics.load(words, loaderOf(key)));
}

function audit(memory: CrewMemory, main: Slot): Audit {
  using opened = openFlights({ ...SHAPE, ...memory }, main, () => Promise.resolve(undefined));
  const { flights, arena } = opened;
  const problems = [...flights.verify(), ...arena.verify()];
  if (flights.count > 0) problems.push(`${flights.count} flights have not ended`);
  if (arena.used > 0) problems.push(`${arena.used} bytes are left of what landed`);
  return { lost: 0, unacknowledged: 0, problems };
}
