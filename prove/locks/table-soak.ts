/**
 * What threads do while others of them are killed: change records of one table under its locks for as long as they
 * are let, note what was acknowledged, and look out for what must never be seen.
 */
import { LockTimeoutError, PoisonedError } from '../../src/errors.ts';
import { AsyncMutex, type Guard } from '../../src/sync/async-mutex.ts';
import type { SharedTable } from '../../src/sync/shared-table.ts';
import type { WaitOptions } from '../../src/sync/wait.ts';
import type { Job, Post } from '../../test/support/crew-worker.ts';
import { type LockedTable, openTable } from '../../test/support/tables.ts';
import { REAL_MODULES } from '../../test/support/sync-modules.ts';
import type { KillParams } from './kind.ts';
import * as notes from './kill-notes.ts';
import { Mortal } from './mortal.ts';
import { ASYNC_KIND, Point, POOL_KIND, tableShape } from './table-kinds.ts';

/** Tasks at a time on a thread whose lock is asynchronous. */
const TASKS = 3;
/** Longest time in microseconds that a change takes. */
const CHANGE_US = 200;

class Soak {
  readonly #mortal: Mortal;
  readonly #position: number;
  readonly #opened: LockedTable;
  readonly #asyncMutex: AsyncMutex | undefined;
  /** How often a change is of this thread's own record, which takes from the pool or gives back. */
  readonly #ownShare: number;

  constructor(post: Post, params: KillParams) {
    const { memory, slot, threads, doorbell, position } = post;
    const { kind, hangMs: timeoutMs } = params;
    const { shards } = tableShape(kind);
    this.#mortal = new Mortal(post, params);
    this.#position = position;
    this.#opened = openTable(memory, tableShape(kind), slot, REAL_MODULES, { timeoutMs });
    const repair = (): void => this.#opened.table.repair(0);
    const options = { name: 'soak', slot, threads, doorbell, timeoutMs, maxWaiting: 100, repair };
    this.#asyncMutex = kind === ASYNC_KIND ? new AsyncMutex(memory.locks, 0, options) : undefined;
    this.#ownShare = kind === POOL_KIND ? 0.9 : 0.25;
    const firstLock = kind === POOL_KIND ? shards : 0;
    this.#mortal.stayWhile(() => this.#mortal.owns(firstLock, shards + 1));
  }

  async run(): Promise<void> {
    const { table } = this.#opened;
    await this.#locked(table.shardOf(this.#ownKey), () => this.#checkOwnRecord());
    await Promise.all(Array.from({ length: this.#asyncMutex === undefined ? 1 : TASKS }, () => this.#changes()));
  }

  async #changes(): Promise<void> {
    const { table } = this.#opened;
    while (this.#asyncMutex === undefined ? this.#mortal.goesOn() : await this.#mortal.goesOnTurning()) {
      const key = Math.trunc(this.#mortal.random() * notes.KEYS);
      const isOwn = this.#mortal.random() < this.#ownShare;
      const shard = table.shardOf(isOwn ? this.#ownKey : `key-${key}`);
      await this.#locked(shard, () => (isOwn ? this.#toggleOwn() : this.#add(key)));
      this.#mortal.count(notes.CHANGES);
    }
  }

  /** Runs `change` under the lock of `shard`, and notes how long that took to get. */
  async #locked(shard: number, change: () => void): Promise<void> {
    const mortal = this.#mortal;
    const { deaths } = mortal;
    const options: WaitOptions = {
      timing: { add: (part, elapsedMs) => void (part === 'wait' && mortal.waited(deaths, elapsedMs)) },
    };
    const section = (): void => {
      mortal.at(Point.beforeChange);
      change();
    };
    try {
      if (this.#asyncMutex === undefined) this.#opened.mutexes[shard]!.run(section, options);
      else await this.#lockedAsync(this.#asyncMutex, section, options);
    } catch (error) {
      if (error instanceof LockTimeoutError) mortal.count(notes.TIMEOUTS);
      else if (error instanceof PoisonedError) mortal.count(notes.TOLD);
      else throw error;
    }
  }

  async #lockedAsync(mutex: AsyncMutex, section: () => void, options: WaitOptions): Promise<void> {
    const guard: Guard = await mutex.acquire(options);
    try {
      section();
      if (this.#mortal.isVictimAt(Point.awaiting)) {
        this.#mortal.signalStaying();
        await new Promise<never>(() => {}); // with the guard held
      }
      if (this.#mortal.random() < 0.1) await new Promise<void>((resolve) => setImmediate(resolve));
    } finally {
      guard[Symbol.dispose]();
    }
  }

  #add(key: number): void {
    const { table } = this.#opened;
    const write = (payload: number, value: number): void => {
      table.setNumber(payload, 0, value);
      this.#mortal.at(Point.midway);
      this.#spend();
      table.setNumber(payload, 1, value);
    };
    const record = table.find(`key-${key}`);
    if (record === -1) table.insert(`key-${key}`, (payload) => write(payload, 1));
    else table.update(record, (payload) => write(payload, this.#valueOf(table, record) + 1));
    this.#mortal.at(Point.afterChange);
    this.#mortal.count(notes.acknowledged(this.#position, key));
  }

  /** Inserts or removes this thread's own record, so that records come from the pool and go back. */
  #toggleOwn(): void {
    const { table } = this.#opened;
    const word = notes.churn(this.#position);
    const record = table.find(this.#ownKey);
    this.#mortal.note(word, notes.Churn.unknown);
    if (record === -1) {
      table.insert(this.#ownKey, (payload) => {
        table.setNumber(payload, 0, 0);
        this.#mortal.at(Point.midway);
        table.setNumber(payload, 1, 0);
      });
    } else table.remove(record, () => this.#mortal.at(Point.removing));
    this.#mortal.note(word, record === -1 ? notes.Churn.present : notes.Churn.absent);
  }

  #checkOwnRecord(): void {
    const known = this.#mortal.noted(notes.churn(this.#position));
    const found = this.#opened.table.find(this.#ownKey) === -1 ? notes.Churn.absent : notes.Churn.present;
    if (known !== notes.Churn.unknown && known !== found) this.#mortal.count(notes.WRONG);
  }

  #valueOf(table: SharedTable, record: number): number {
    const payload = table.payloadOf(record);
    const value = table.number(payload, 0);
    if (value !== table.number(payload, 1)) this.#mortal.count(notes.TORN);
    return value;
  }

  get #ownKey(): string {
    return `own record of the thread at position ${this.#position}`;
  }

  #spend(): void {
    const untilMs = performance.now() + (this.#mortal.random() * CHANGE_US) / 1_000;
    while (performance.now() < untilMs);
  }
}

const soak: Job<KillParams> = (post, params) => new Soak(post, params).run();

export const jobs = { soak };
