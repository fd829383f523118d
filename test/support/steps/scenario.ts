/** What a step-scheduled run does: one small program per thread, and what must be true when they are through. */
import type { SyncModules } from '../sync-modules.ts';
import { LOCK_WORDS } from '../../../src/sync/lock-line.ts';
import { MAX_THREADS } from './layout.ts';
import type { Slot, ThreadTable } from '../../../src/sync/thread-table.ts';

export type { SyncModules };

/** Shared memory of a run, zeroed before each. */
export interface RunMemory {
  readonly locks: Int32Array<SharedArrayBuffer>;
  readonly threads: SharedArrayBuffer;
  readonly data: SharedArrayBuffer;
  /** For what the threads tell the check; touched without gates. */
  readonly notes: Int32Array<SharedArrayBuffer>;
}

export interface Scenario {
  readonly name: string;
  readonly threads: number;
  /** Locks, a line each. */
  readonly locks: number;
  readonly dataBytes?: number;
  /** Threads that may be killed in one run; `killable` says which, as a bit mask. */
  readonly kills?: number;
  readonly killable?: number;
  /** Waits and timers that may run out in one run; it must never depend on them. */
  readonly timeouts?: number;
  /** Whether it is so small that `npm test` explores all of it; of others it explores a part. */
  readonly exhaustive?: boolean;
  /** Fills the memory before each run; without gates. */
  readonly prepare?: (memory: RunMemory, sync: SyncModules) => void;
  /** Runs on each thread; `actor.thread` tells them apart. */
  readonly program: (actor: Actor) => void | Promise<void>;
  /** What is wrong once all programs are through. */
  readonly problems?: (memory: RunMemory, sync: SyncModules) => string[];
}

/** A program's hand on the scheduler. */
export interface Actor {
  readonly thread: number;
  readonly slot: Slot;
  readonly memory: RunMemory;
  readonly sync: SyncModules;
  readonly table: ThreadTable;
  /** Others may go on here. */
  pause(): void;
  /** Keeps a value read from plain memory: states in which it differs are different states. */
  saw(value: number): void;
  /** Keeps nothing of what it did so far; `here` says where in the program it is. */
  forget(here: number): void;
  /**
   * Whenever its event loop is idle, what `knows` returns is all that this thread keeps, besides what it has noted in
   * shared memory: states in which that is the same are the same state.
   */
  keepsOnly(knows: () => readonly number[]): void;
  /** Claims the section that only one thread may be in at a time, with a pause inside. */
  exclusive(section?: number): void;
  /** Something is wrong: the run ends. */
  fail(text: string): never;
  /** Happens sooner or later, while the event loop is idle. */
  event(callback: () => void): void;
  /** Runs as one step: for what is no part of the question. */
  quietly<T>(setUp: () => T): T;
  /** Waits until a thread was killed. */
  nextDead(): number;
}

/** What the threads share for as long as they live; a run uses as much of it as its scenario asks for. */
export interface StepBuffers {
  readonly locks: SharedArrayBuffer;
  readonly threads: SharedArrayBuffer;
  readonly data: SharedArrayBuffer;
  readonly notes: SharedArrayBuffer;
}

export function runMemory({ locks, threads, data, notes }: StepBuffers, scenario: Scenario): RunMemory {
  const lockWords = new Int32Array(locks, 0, scenario.locks * LOCK_WORDS);
  return { locks: lockWords, threads, data, notes: new Int32Array(notes) };
}

/** The memory that tells the states of a scenario apart. */
export function statefulMemory({ locks, threads, data, notes }: RunMemory, scenario: Scenario): Int32Array[] {
  const positions = new Int32Array(threads, 0, MAX_THREADS * 16);
  return [locks, positions, new Int32Array(data, 0, (scenario.dataBytes ?? 0) >>> 2), notes];
}

/** Where `exclusive` keeps its owners: the last words of the notes. */
export const NOTES = 64;
const SECTION = 48;

/** Marks a section as entered by nobody: a repair does, since the dead do not leave. */
export function clearSection(memory: RunMemory, section = 0): void {
  memory.notes[SECTION + section] = 0;
}

export function enterSection(actor: Actor, section: number): void {
  const { notes } = actor.memory;
  const other = notes[SECTION + section]!;
  if (other !== 0) actor.fail(`thread ${actor.thread} is inside a section together with thread ${other - 1}`);
  notes[SECTION + section] = actor.thread + 1;
  actor.pause();
  notes[SECTION + section] = 0;
}
