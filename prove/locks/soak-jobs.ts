/**
 * What threads do while others of them are killed: change records of one table under its locks for as long as they
 * are let, note what was acknowledged, and look out for what must never be seen.
 */
import { LockTimeoutError, PoisonedError } from '../../src/errors.ts';
import { type Random, seededRandom } from '../../src/random.ts';
import { AsyncMutex, type Guard } from '../../src/sync/async-mutex.ts';
import type { SharedTable } from '../../src/sync/shared-table.ts';
import type { WaitOptions } from '../../src/sync/wait.ts';
import type { Job, Post } from '../../test/support/crew-worker.ts';
import { type LockedTable, openTable } from '../../test/support/tables.ts';
import { REAL_MODULES } from '../../test/support/sync-modules.ts';
import * as notes from './soak-notes.ts';
import { type SoakKind, soakShape, soakWaits } from './soak-shape.ts';

/** URL under which a crew loads the job below. */
export const SOAK_JOBS = import.meta.url;

export interface SoakParams {
  readonly kind: SoakKind;
  readonly seed: number;
  /** Longest time in microseconds that a change takes. */
  readonly changeUs: number;
  /** A wait that takes this long is a hang. */
  readonly hangMs: number;
}

/** Tasks at a time on a thread whose lock is asynchronous. */
const TASKS = 3;

class Soak {
  readonly #post: Post;
  readonly #params: SoakParams;
  readonly #random: Random;
  readonly #opened: LockedTable;
  readonly #asyncMutex: AsyncMutex | undefined;
  readonly #waits: Float32Array;

  constructor(post: Post, params: SoakParams) {
    const { memory, slot, threads, doorbell } = post;
    this.#post = post;
    this.#params = params;
    this.#random = seededRandom(params.seed ^ Math.imul(slot, 0x9e3779b1));
    const timeoutMs = params.hangMs;
    this.#opened = openTable(memory, soakShape(params.kind), slot, REAL_MODULES, {
      timeoutMs,
      onRepair: (shard, repair) => this.#repair(() => repair(shard)),
    });
    const repair = (): void => this.#repair(() => this.#opened.table.repair(0));
    const options = { name: 'soak', slot, threads, doorbell, timeoutMs, maxWaiting: 100, repair };
    this.#asyncMutex = params.kind === 'AsyncMutex' ? new AsyncMutex(memory.locks, 0, options) : undefined;
    this.#waits = soakWaits(memory.data, params.kind);
  }

  async run(): Promise<void> {
    const { table } = this.#opened;
    await this.#locked(table.shardOf(this.#ownKey), () => this.#checkOwnRecord());
    await Promise.all(Array.from({ length: this.#asyncMutex === undefined ? 1 : TASKS }, () => this.#changes()));
  }

  async #changes(): Promise<void> {
    const { notes: words } = this.#post.memory;
    const { table } = this.#opened;
    while (Atomics.load(words, notes.STOP) === 0) {
      const key = Math.trunc(this.#random() * notes.KEYS);
      const isOwn = this.#random() < 0.25;
      const shard = table.shardOf(isOwn ? this.#ownKey : `key-${key}`);
      await this.#locked(shard, () => (isOwn ? this.#toggleOwn() : this.#add(key)));
      Atomics.add(words, notes.CHANGES, 1);
    }
  }

  /** Runs `change` under the lock of `shard`, and notes how long that took to get. */
  async #locked(shard: number, change: () => void): Promise<void> {
    const { notes: words } = this.#post.memory;
    const deathsBefore = Atomics.load(words, notes.DEATHS);
    let waitedMs = 0;
    const options: WaitOptions = {
      timing: { add: (part, elapsedMs) => void (part === 'wait' && (waitedMs = elapsedMs)) },
    };
    const section = (): void => {
      const metDeath = deathsBefore % 2 === 1 || Atomics.load(words, notes.DEATHS) !== deathsBefore;
      if (metDeath && waitedMs > 0) this.#waits[Atomics.add(words, notes.WAITS, 1) % this.#waits.length] = waitedMs;
      this.#stay(notes.Point.beforeChange);
      change();
    };
    try {
      if (this.#asyncMutex === undefined) this.#opened.mutexes[shard]!.run(section, options);
      else await this.#lockedAsync(this.#asyncMutex, section, options);
    } catch (error) {
      if (error instanceof LockTimeoutError) Atomics.add(words, notes.TIMEOUTS, 1);
      else if (error instanceof PoisonedError) Atomics.add(words, notes.TOLD, 1);
      else throw error;
    }
  }

  async #lockedAsync(mutex: AsyncMutex, section: () => void, options: WaitOptions): Promise<void> {
    const guard: Guard = await mutex.acquire(options);
    try {
      section();
      if (this.#isVictimAt(notes.Point.awaiting)) {
        this.#signalStaying();
        await new Promise<never>(() => {}); // with the guard held
      }
      if (this.#random() < 0.1) await new Promise<void>((resolve) => setImmediate(resolve));
    } finally {
      guard[Symbol.dispose]();
    }
  }

  #add(key: number): void {
    const { notes: words } = this.#post.memory;
    const { table } = this.#opened;
    const write = (payload: number, value: number): void => {
      table.setNumber(payload, 0, value);
      this.#stay(notes.Point.midway);
      this.#spend();
      table.setNumber(payload, 1, value);
    };
    const record = table.find(`key-${key}`);
    if (record === -1) table.insert(`key-${key}`, (payload) => write(payload, 1));
    else table.update(record, (payload) => write(payload, this.#valueOf(table, record) + 1));
    this.#stay(notes.Point.afterChange);
    Atomics.add(words, notes.acknowledged(this.#post.position, key), 1);
  }

  /** Inserts or removes this thread's own record, so that records come from the pool and go back. */
  #toggleOwn(): void {
    const { notes: words } = this.#post.memory;
    const { table } = this.#opened;
    const word = notes.churn(this.#post.position);
    const record = table.find(this.#ownKey);
    Atomics.store(words, word, notes.Churn.unknown);
    if (record === -1) {
      table.insert(this.#ownKey, (payload) => {
        table.setNumber(payload, 0, 0);
        this.#stay(notes.Point.midway);
        table.setNumber(payload, 1, 0);
      });
    } else table.remove(record, () => this.#stay(notes.Point.removing));
    Atomics.store(words, word, record === -1 ? notes.Churn.present : notes.Churn.absent);
  }

  #checkOwnRecord(): void {
    const { notes: words } = this.#post.memory;
    const known = Atomics.load(words, notes.churn(this.#post.position));
    const found = this.#opened.table.find(this.#ownKey) === -1 ? notes.Churn.absent : notes.Churn.present;
    if (known !== notes.Churn.unknown && known !== found) Atomics.add(words, notes.WRONG, 1);
  }

  #valueOf(table: SharedTable, record: number): number {
    const payload = table.payloadOf(record);
    const value = table.number(payload, 0);
    if (value !== table.number(payload, 1)) Atomics.add(this.#post.memory.notes, notes.TORN, 1);
    return value;
  }

  #repair(repair: () => void): void {
    const { memory, position } = this.#post;
    Atomics.store(memory.notes, notes.repairing(position), 1);
    repair();
    Atomics.store(memory.notes, notes.repairing(position), 0);
    if (Atomics.load(memory.notes, notes.DEATHS) === 0) return; // after a throw, not after a death
    Atomics.add(memory.notes, notes.TAKEOVERS, 1);
    Atomics.notify(memory.notes, notes.TAKEOVERS);
  }

  get #ownKey(): string {
    return `own record of the thread at position ${this.#post.position}`;
  }

  #isVictimAt(point: number): boolean {
    const { notes: words } = this.#post.memory;
    return Atomics.load(words, notes.VICTIM) === this.#post.slot && Atomics.load(words, notes.POINT) === point;
  }

  /** Goes no further, when this thread is to be killed here. */
  #stay(point: number): void {
    if (!this.#isVictimAt(point)) return;
    this.#signalStaying();
    Atomics.wait(this.#post.memory.notes, notes.STAYING, this.#post.slot, this.#params.hangMs);
  }

  #signalStaying(): void {
    Atomics.store(this.#post.memory.notes, notes.STAYING, this.#post.slot);
    Atomics.notify(this.#post.memory.notes, notes.STAYING);
  }

  #spend(): void {
    const untilMs = performance.now() + (this.#random() * this.#params.changeUs) / 1_000;
    while (performance.now() < untilMs);
  }
}

const soak: Job<SoakParams> = (post, params) => new Soak(post, params).run();

export const jobs = { soak };
