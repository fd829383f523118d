/**
 * The loads that are on their way, in shared memory: who loads which key, and which threads wait for it.
 *
 * Guarantee: at most one flight per key can be joined at a time. Of a loader that dies exactly one thread that waits,
 * or the next that joins, takes over. A flight stays until the last thread that waits has seen it landed.
 * Cost: one uncontended lock per call; a value is copied once in, and once out per thread that waits, if any does.
 *
 * Ordering: everything but `isVoid` and `calls` runs inside `mutex`, within which only the arena's leaf lock is taken;
 * so it is safe inside a caller's lock. Each change is decided by one `Atomics.store` of a flight's state: before it
 * nothing has happened, after it the repair can make the rest. That store comes before the waiters are rung, and main
 * rings everybody after a thread has left the thread table: who waits sees the landing, or the death of the loader.
 */
import type { Arena } from './arena.ts';
import { FlightIndex } from './flight-index.ts';
import {
  FlightLayout,
  FREE,
  GENERATION,
  type Joined,
  type Landed,
  type LandedPhase,
  LOADER,
  LOADING,
  LOST,
  PAYLOAD,
  PHASE,
  STATE,
  VOID,
} from './flight-layout.ts';
import { FlightWaiters } from './flight-waiters.ts';
import type { HashSeed } from './key-hash.ts';
import type { PoolLock } from './record-pool.ts';
import { SyncMutex } from './sync-mutex.ts';
import { ThreadTable } from './thread-table.ts';

export interface FlightTableOptions {
  readonly data: SharedArrayBuffer;
  readonly byteOffset: number; // a multiple of 4
  /** Flights that can be on their way, or landed and not yet seen by all who wait. */
  readonly capacity: number;
  readonly seed: HashSeed;
  /** The flights' lock, taken by the calling thread's slot. */
  readonly lock: PoolLock;
  /** In the same `data`; has what flights land with while other threads wait for it. */
  readonly arena: Arena;
  readonly threads: ThreadTable;
}

export class FlightTable {
  readonly #words: Int32Array;
  readonly #layout: FlightLayout;
  readonly #index: FlightIndex;
  readonly #arena: Arena;
  readonly #threads: ThreadTable;
  readonly #slot: number;
  readonly #waiters: FlightWaiters;
  readonly #mutex: SyncMutex;
  /** How many threads had left when this one last cleared away what the dead left. */
  #clearedAt: number | undefined;

  static bytes(capacity: number): number {
    return new FlightLayout(0, capacity).words * 4;
  }

  constructor({ data, byteOffset, capacity, seed, lock, arena, threads }: FlightTableOptions) {
    this.#words = new Int32Array(data);
    this.#layout = new FlightLayout(byteOffset >>> 2, capacity);
    this.#index = new FlightIndex(this.#words, this.#layout, seed);
    this.#arena = arena;
    this.#threads = threads;
    this.#slot = lock.options.slot;
    this.#waiters = new FlightWaiters(this.#words, ThreadTable.positionOf(this.#slot), threads);
    this.#mutex = new SyncMutex(lock.locks, lock.line, { ...lock.options, repair: () => this.#rebuild() });
  }

  /** Begins this thread's life on the table: clears away what whoever had its position before left behind. */
  attach(): void {
    this.#mutex.run(() => this.#rebuild(true));
  }

  /** Joins the flight that loads `key`, or begins one. @returns undefined when it would have to begin one too many */
  join(key: string): Joined | undefined {
    return this.#mutex.run(() => {
      let record = this.#index.find(key);
      if (record !== -1) {
        const at = this.#layout.record(record);
        if (!this.#isLoading(at)) return { record, token: this.#begin(record, LOADING) };
        if (this.#words[at + LOADER] !== this.#slot) this.#waiters.set(at, true);
        return { record, token: undefined };
      }
      record = this.#index.take(key);
      if (record === -1 && this.#clearDead()) record = this.#index.take(key);
      if (record === -1) return undefined;
      this.#waiters.clear(this.#layout.record(record));
      const token = this.#begin(record, LOADING);
      this.#index.link(record);
      return { record, token };
    });
  }

  /** Whether a flight has landed or lost its loader, so that a thread that waits must `attend` it. */
  calls(record: number): boolean {
    const at = this.#layout.record(record);
    return (Atomics.load(this.#words, at + STATE) & PHASE) > VOID || !this.#isLoading(at);
  }

  /**
   * Looks after a flight that this thread waits for.
   *
   * @param wanted whether anybody still wants it; otherwise this thread only leaves
   * @returns what it landed with; or a token, when this thread loads it now; or that it is still on its way
   */
  attend(record: number, wanted: boolean): Landed | Joined | 'waiting' | 'left' {
    return this.#mutex.run(() => {
      const at = this.#layout.record(record);
      const phase = this.#words[at + STATE]! & PHASE;
      if (phase <= VOID) {
        if (this.#isLoading(at)) return 'waiting';
        if (wanted) return { record, token: this.#begin(record, phase) };
      }
      const payload = phase > VOID && wanted ? this.#payload(at) : undefined;
      this.#waiters.set(at, false);
      if (!this.#waiters.any(at)) this.#end(record);
      return phase > VOID ? { phase: phase as LandedPhase, payload } : 'left';
    });
  }

  /** Whether a load may no longer be stored: one atomic load. */
  isVoid(record: number, token: number): boolean {
    return Atomics.load(this.#words, this.#layout.record(record) + STATE) !== token;
  }

  /** Ends a load: hands what it brought to the threads that wait, and lets nobody join any more. */
  land(record: number, token: number, { phase, payload }: Landed): void {
    const at = this.#layout.record(record);
    const isAwaited = this.#mutex.run(() => {
      const state = this.#words[at + STATE]!;
      if ((state & GENERATION) !== (token & GENERATION)) return false;
      if (!this.#waiters.any(at)) {
        this.#end(record);
        return false;
      }
      const kept = payload === undefined || this.#keep(at, payload) ? phase : LOST;
      Atomics.store(this.#words, at + STATE, (state & GENERATION) | kept);
      if ((state & PHASE) === LOADING) this.#index.unlink(record);
      return true;
    });
    if (isAwaited) this.#waiters.ring(at);
  }

  /** Lets nobody join the flight of a key any more, and its load not be stored. @returns whether there was one */
  void(key: string): boolean {
    return this.#mutex.run(() => {
      const record = this.#index.find(key);
      if (record !== -1) this.#void(record);
      return record !== -1;
    });
  }

  /** Voids the flights of all keys. */
  voidAll(): void {
    this.#mutex.run(() => {
      for (let record = 0; record < this.#layout.capacity; record++) {
        if (this.#phase(record) === LOADING) this.#void(record);
      }
    });
  }

  /** Flights that are on their way, or that not all who wait have seen landed. Counts them one by one. */
  get count(): number {
    return this.#index.count;
  }

  /** @returns what is wrong with the table: nothing, unless it has a defect */
  verify(): string[] {
    return this.#mutex.run(() => this.#index.verify(this.#threads));
  }

  #phase(record: number): number {
    return Atomics.load(this.#words, this.#layout.record(record) + STATE) & PHASE;
  }

  /** Makes this thread the loader. @returns the token that its load lands with */
  #begin(record: number, phase: number): number {
    const at = this.#layout.record(record);
    const generation = (this.#words[at + STATE]! & GENERATION) + PHASE + 1;
    this.#dropPayload(at); // of a loader that died as it landed
    this.#waiters.set(at, false);
    this.#words[at + LOADER] = this.#slot;
    Atomics.store(this.#words, at + STATE, generation | phase);
    return generation | LOADING; // not the state of a void flight: its load is void from the start
  }

  #void(record: number): void {
    const at = this.#layout.record(record);
    Atomics.store(this.#words, at + STATE, (this.#words[at + STATE]! & GENERATION) | VOID);
    this.#index.unlink(record);
  }

  #end(record: number): void {
    const at = this.#layout.record(record);
    const state = this.#words[at + STATE]!;
    this.#dropPayload(at);
    Atomics.store(this.#words, at + STATE, state & GENERATION); // free
    if ((state & PHASE) === LOADING) this.#index.unlink(record);
    this.#index.giveBack(record);
  }

  #keep(at: number, payload: Uint8Array): boolean {
    const reference = this.#arena.allocate(payload.byteLength, at + PAYLOAD);
    if (reference !== 0) this.#arena.bytes(reference).set(payload);
    return reference !== 0;
  }

  #payload(at: number): Uint8Array<ArrayBuffer> | undefined {
    const reference = this.#words[at + PAYLOAD]!;
    return reference === 0 ? undefined : this.#arena.bytes(reference).slice(); // no longer of shared memory
  }

  /** Where the word is 0 there is nothing, whatever a dead thread was about to note: that is undone, or was never. */
  #dropPayload(at: number): void {
    if (this.#words[at + PAYLOAD] !== 0) this.#arena.release(at + PAYLOAD);
  }

  #isLoading(at: number): boolean {
    const loader = Atomics.load(this.#words, at + LOADER);
    return this.#threads.livingAt(ThreadTable.positionOf(loader)) === loader;
  }

  /** What the dead left, nobody else clears. @returns whether there may have been something */
  #clearDead(): boolean {
    const { departures } = this.#threads;
    if (departures === this.#clearedAt) return false; // a table full of the living is told so at once
    this.#rebuild();
    this.#clearedAt = departures;
    return true;
  }

  /**
   * Makes chains and free list anew from the flights' states, and ends those that nobody loads or waits for.
   *
   * @param attaching whether this thread has just begun, so that whoever waited at its position is dead
   */
  #rebuild(attaching = false): void {
    this.#index.clear();
    for (let record = 0; record < this.#layout.capacity; record++) {
      const at = this.#layout.record(record);
      const phase = this.#phase(record);
      if (attaching && phase !== FREE) this.#waiters.set(at, false);
      const isOver = phase !== FREE && (phase > VOID || !this.#isLoading(at)) && !this.#waiters.any(at);
      if (phase <= VOID || isOver) this.#dropPayload(at);
      if (isOver) Atomics.store(this.#words, at + STATE, this.#words[at + STATE]! & GENERATION);
      if (phase === FREE || isOver) this.#index.giveBack(record);
      else if (phase === LOADING) this.#index.link(record);
    }
  }
}
