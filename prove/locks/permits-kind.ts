/** The permits of a mailbox: threads die while they take some, and while they have some. */
import { Permits } from '../../src/sync/permits.ts';
import { SyncMutex } from '../../src/sync/sync-mutex.ts';
import { type Slot, ThreadTable } from '../../src/sync/thread-table.ts';
import type { CrewMemory, Job, Post } from '../../test/support/crew-worker.ts';
import type { Audit, KillKind, KillParams } from './kind.ts';
import * as notes from './kill-notes.ts';
import { Mortal } from './mortal.ts';

const THREADS = 4;
const POSITIONS = [0, 1, 2, 3];
const CAPACITY = 5;
/** A position's word of what it holds: how many permits, below the number of the turn in which it has them. */
const TURN = 16;
const PLACE = { line: 0, byteOffset: 0, capacity: CAPACITY };

/** The permits as the thread of `slot` has them. */
export function permitsOf(
  { threads, locks, data }: CrewMemory,
  slot: Slot,
  { line, byteOffset, capacity }: { readonly line: number; readonly byteOffset: number; readonly capacity: number },
  timeoutMs: number,
): Permits {
  const mutex = new SyncMutex(locks, line, { name: 'permits', slot, timeoutMs });
  return new Permits(data, byteOffset, capacity, mutex, new ThreadTable(threads));
}

class Taker {
  readonly #mortal: Mortal;
  readonly #permits: Permits;
  readonly #position: number;
  #account = 0;
  #rung: PromiseWithResolvers<void> | undefined;

  constructor(post: Post, params: KillParams) {
    const { memory, slot, doorbell, position } = post;
    this.#mortal = new Mortal(post, params);
    this.#position = position;
    this.#permits = permitsOf(memory, slot, PLACE, params.hangMs);
    doorbell.onRing(() => this.#rung?.resolve());
    this.#mortal.stayWhile(() => this.#has > 0 || this.#mortal.owns(0, 1));
  }

  async run(): Promise<void> {
    this.#nowHas(0); // what a predecessor had is given back
    this.#account = this.#permits.open(this.#position);
    while (await this.#mortal.goesOnTurning()) {
      const { deaths } = this.#mortal;
      const startedMs = performance.now();
      const got = await this.#take(1 + Math.trunc(this.#mortal.random() * 3));
      this.#mortal.waited(deaths, performance.now() - startedMs);
      this.#nowHas(got);
      this.#check();
      if (this.#mortal.random() < 0.2) await new Promise<void>((resolve) => setImmediate(resolve));
      this.#nowHas(0);
      this.#permits.give(this.#position, this.#account, got);
      this.#mortal.count(notes.CHANGES);
    }
  }

  /** As an outbox does it: says that it waits, and tries once more before it sleeps. */
  async #take(wanted: number): Promise<number> {
    let got = this.#permits.take(this.#position, this.#account, wanted);
    if (got > 0) return got;
    const { doorbell } = this.#mortal.post;
    this.#permits.setWaiting(this.#position, true);
    doorbell.waitBegan();
    const hang = setTimeout(() => this.#mortal.count(notes.TIMEOUTS), this.#mortal.hangMs);
    for (;;) {
      this.#rung = Promise.withResolvers();
      got = this.#permits.take(this.#position, this.#account, wanted);
      if (got > 0) break;
      await this.#rung.promise;
    }
    clearTimeout(hang);
    doorbell.waitEnded();
    this.#permits.setWaiting(this.#position, false);
    return got;
  }

  get #has(): number {
    return this.#mortal.noted(notes.holds(this.#position)) % TURN;
  }

  #nowHas(permits: number): void {
    const word = notes.holds(this.#position);
    this.#mortal.note(word, (Math.trunc(this.#mortal.noted(word) / TURN) + 1) * TURN + permits);
  }

  /** A permit that two threads have would show here, in two looks that see the same turns: nothing changed between. */
  #check(): void {
    const look = (): number[] => POSITIONS.map((position) => this.#mortal.noted(notes.holds(position)));
    const [first, second] = [look(), look()];
    if (first.some((word, position) => word !== second[position])) return;
    if (first.reduce((sum, word) => sum + (word % TURN), 0) > CAPACITY) this.#mortal.count(notes.WRONG);
  }
}

const take: Job<KillParams> = (post, params) => new Taker(post, params).run();

export const jobs = { take };

export const permitsKind: KillKind = {
  name: 'permits',
  threads: THREADS,
  locks: 1,
  dataBytes: Permits.bytes,
  jobs: import.meta.url,
  jobAt: () => 'take',
  victims: POSITIONS,
  points: 0,
  steps: 70,
  besides: 'permits',
  holds: ({ notes: words }, slot) => words[notes.holds(ThreadTable.positionOf(slot))]! % TURN,
  audit,
};

function audit(memory: CrewMemory, main: Slot): Audit {
  const permits = permitsOf(memory, main, PLACE, 10_000);
  const position = ThreadTable.positionOf(main);
  const free = permits.take(position, permits.open(position), CAPACITY);
  return { lost: CAPACITY - free, unacknowledged: 0, problems: [] };
}
