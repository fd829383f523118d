/** An arena whose values are allocated, exchanged and released by threads that die within. */
import { Arena } from '../../src/sync/arena.ts';
import type { Slot } from '../../src/sync/thread-table.ts';
import { NOTES, openArena } from '../../test/support/arena-memory.ts';
import type { CrewMemory, Job, Post } from '../../test/support/crew-worker.ts';
import type { Audit, KillKind, KillParams } from './kind.ts';
import * as notes from './kill-notes.ts';
import { Mortal } from './mortal.ts';

const THREADS = 4;
const POSITIONS = [0, 1, 2, 3];
const CAPACITY_BYTES = 60_000;
const LONGEST_BYTES = 3_000;
/** The first note of each thread is where new values wait, the others are its values'. */
const SHARE = NOTES / THREADS;
/** What is known of a note: how long its value is, 0 for none; or not even that, because its thread died. */
const UNKNOWN = -1;

const fillOf = (note: number): number => note + 1;
const expectedAt = (note: number): number => notes.acknowledged(Math.trunc(note / SHARE), note % SHARE);

class Allocator {
  readonly #mortal: Mortal;
  readonly #arena: Arena;
  readonly #spare: number;

  constructor(post: Post, params: KillParams) {
    this.#mortal = new Mortal(post, params);
    this.#arena = arenaOf(post.memory, post.slot);
    this.#spare = post.position * SHARE;
    this.#mortal.stayWhile(() => this.#mortal.owns(0, 1));
  }

  run(): void {
    this.#arena.release(this.#spare); // what a predecessor left there, whichever it was
    for (let note = this.#spare + 1; note < this.#spare + SHARE; note++) this.#check(note);
    while (this.#mortal.goesOn()) {
      const { deaths } = this.#mortal;
      const startedMs = performance.now();
      this.#change(this.#spare + 1 + Math.trunc(this.#mortal.random() * (SHARE - 1)));
      this.#mortal.waited(deaths, performance.now() - startedMs);
      this.#mortal.count(notes.CHANGES);
    }
  }

  #change(note: number): void {
    this.#check(note);
    const byteLength = 1 + Math.trunc(this.#mortal.random() ** 3 * LONGEST_BYTES);
    const reference = this.#mortal.random() < 0.3 ? 0 : this.#arena.allocate(byteLength, this.#spare);
    this.#mortal.note(expectedAt(note), UNKNOWN);
    if (reference === 0) {
      this.#arena.release(note);
      return this.#mortal.note(expectedAt(note), 0);
    }
    this.#arena.bytes(reference).fill(fillOf(note));
    this.#arena.exchange(this.#spare, note);
    this.#mortal.note(expectedAt(note), byteLength);
    this.#arena.release(this.#spare);
  }

  #check(note: number): void {
    const expected = this.#mortal.noted(expectedAt(note));
    const found = valueAt(this.#arena, note);
    if (found === UNKNOWN) this.#mortal.count(notes.TORN);
    else if (expected !== UNKNOWN && expected !== found) this.#mortal.count(notes.WRONG);
  }
}

const allocate: Job<KillParams> = (post, params) => new Allocator(post, params).run();

export const jobs = { allocate };

export const arenaKind: KillKind = {
  name: 'arena',
  threads: THREADS,
  locks: 1,
  dataBytes: NOTES * 4 + Arena.bytes(CAPACITY_BYTES),
  jobs: import.meta.url,
  jobAt: () => 'allocate',
  victims: POSITIONS,
  points: 0,
  steps: 5,
  audit,
};

function arenaOf({ locks, data }: CrewMemory, slot: Slot): Arena {
  return openArena({ capacityBytes: CAPACITY_BYTES, locks, data }, slot);
}

/** Bytes of a note's value, 0 when it has none; `UNKNOWN` when the value is not what was put there. */
function valueAt(arena: Arena, note: number): number {
  const reference = arena.words[note]!;
  if (reference === 0) return 0;
  const bytes = arena.bytes(reference);
  return bytes.every((byte) => byte === fillOf(note)) ? bytes.length : UNKNOWN;
}

function audit(memory: CrewMemory, main: Slot): Audit {
  const arena = arenaOf(memory, main);
  const problems = arena.verify(); // repairs first, as the next owner does
  let lost = 0;
  let values = 0;
  for (let note = 0; note < NOTES; note++) {
    if (note % SHARE === 0) arena.release(note);
    const expected = memory.notes[expectedAt(note)]!;
    const found = valueAt(arena, note);
    if (found === UNKNOWN || (note % SHARE !== 0 && expected !== UNKNOWN && expected !== found)) lost += 1;
    if (found !== 0) values += 1;
  }
  if (arena.count !== values) problems.push(`${arena.count} values are counted, ${values} are noted`);
  return { lost, unacknowledged: 0, problems };
}
