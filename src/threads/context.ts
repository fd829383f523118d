/** What a cell works with, put together in the thread that it runs in. */
import { type Clock, SystemClock } from '../clock.ts';
import { createOrigin, type OriginAccess } from '../origin/create-origin.ts';
import type { Origin, OriginConnection } from '../origin/origin.ts';
import { namespaced } from '../origin/cell-keys.ts';
import type { ConnectionWatch } from '../origin/redis-connection.ts';
import { SharedOrigin } from '../origin/shared-origin.ts';
import { memoryOnly, OriginWriteThrough, type WriteThrough } from '../origin/write-through.ts';
import type { Settings } from '../settings.ts';
import type { CellContext, OwnerMessage, Restorable, ThreadContext } from '../strategies/strategy.ts';
import { busyPollMs } from '../sync/busy-poll.ts';
import { Doorbell } from '../sync/doorbell.ts';
import type { Sender } from '../sync/mailbox-sender.ts';
import { LEAF_TIMEOUT_MS } from '../sync/lock-line.ts';
import { Permits } from '../sync/permits.ts';
import { SyncMutex } from '../sync/sync-mutex.ts';
import { type Slot, ThreadTable } from '../sync/thread-table.ts';
import { Faults } from './faults.ts';
import { createLab } from './lab.ts';
import { EPOCHS_PER_MS } from '../resources/connections.ts';
import { cellMemory, resourceOf, type ServiceMemory } from './memory.ts';
import { storedCell } from './stored-cells.ts';

/** What main hands to a thread that works with the shared state. */
export interface Attachment extends OriginAccess {
  readonly settings: Settings;
  readonly memory: ServiceMemory;
  readonly slot: Slot;
}

export class ThreadScope {
  readonly thread: ThreadContext;
  readonly origin: OriginConnection;
  readonly shared: SharedOrigin;
  readonly clock: Clock;
  readonly #attachment: Attachment;
  readonly #writeThroughs: OriginWriteThrough[] = [];

  private constructor(attachment: Attachment, shared: SharedOrigin, origin: OriginConnection) {
    const { memory, slot } = attachment;
    this.#attachment = attachment;
    this.clock = new SystemClock(memory.wallOffsetMs, memory.clockSteps);
    const threads = new ThreadTable(memory.threads);
    this.thread = { slot, threads, doorbell: new Doorbell(threads, slot) };
    this.shared = shared;
    this.origin = origin;
  }

  /** @param watch told when this thread loses Redis, and when it is back */
  static async open(attachment: Attachment, watch?: ConnectionWatch): Promise<ThreadScope> {
    const { settings, memory, slot } = attachment;
    const shared = new SharedOrigin(memory.origin);
    shared.setUnstored(ThreadTable.positionOf(slot), undefined); // a predecessor took with it what it had
    return new ThreadScope(
      attachment,
      shared,
      await createOrigin(settings, attachment, { thread: slot, shared, watch }),
    );
  }

  cellContext(name: string, owner?: Sender<OwnerMessage, unknown>): CellContext {
    const { settings, memory, originEpoch } = this.#attachment;
    const faults = this.faults(name);
    const own = namespaced(this.origin, name);
    const redis = this.origin.redisCell(name);
    const timeoutMs = settings.ORIGIN_TIMEOUT_MS;
    const origin = settings.CONTROLS ? faults.origin(own, timeoutMs) : own;
    return {
      name,
      memory: cellMemory(memory, name),
      settings,
      thread: this.thread,
      hashSeed: memory.hashSeed,
      clock: this.clock,
      startedAtMs: memory.startedAtMs - memory.wallOffsetMs,
      firstEpoch: Math.max(memory.startedAtMs * EPOCHS_PER_MS, originEpoch),
      origin,
      documents: own,
      redis: settings.CONTROLS && redis !== undefined ? faults.redis(redis, timeoutMs) : redis,
      writeThrough: settings.WRITE_THROUGH ? this.#writeThrough(origin, own) : memoryOnly,
      owner,
      lab: createLab(settings, faults),
    };
  }

  #writeThrough(origin: Origin, retryAt: Origin): WriteThrough {
    const writeThrough = new OriginWriteThrough(origin, { retryAt, onUnstored: () => this.#tellUnstored() });
    this.#writeThroughs.push(writeThrough);
    return writeThrough;
  }

  /** Says since when this thread has had something to store again, so that deletions are remembered as long. */
  #tellUnstored(): void {
    const sinceMs = this.#writeThroughs.flatMap(({ unstoredSinceMs }) => unstoredSinceMs ?? []);
    const forMs = sinceMs.length === 0 ? undefined : performance.now() - Math.min(...sinceMs);
    this.shared.setUnstored(ThreadTable.positionOf(this.#attachment.slot), forMs);
  }

  /** Ends this thread's way to the origin, after what failed before was stored or `withinMs` have passed. */
  async close(withinMs: number): Promise<void> {
    await Promise.all(this.#writeThroughs.map((writeThrough) => writeThrough.flush(withinMs)));
    await this.origin.close();
  }

  /** Fills a cell with what the origin has of it. Before anybody is served; see `Restorable`. */
  async restore(name: string, cell: Restorable): Promise<void> {
    if (!this.#attachment.settings.WRITE_THROUGH || cell.restore === undefined) return;
    await this.origin.connected(); // a thread that is busy starting may need longer than one wait
    const stored = storedCell(this.#attachment.settings, name, resourceOf(name));
    const takes = (value: number | string): boolean => stored.takes(value);
    for await (const { key, value, version } of this.origin.restore(name, takes)) cell.restore(key, { value, version });
  }

  /** What goes wrong with a cell on purpose. */
  faults(name: string): Faults {
    return new Faults(this.#attachment.memory.cells.get(name)!.faults);
  }

  /** How long the ends of a mailbox poll: the HTTP threads and one owner are what works at the same time. */
  get mailboxPollMs(): number {
    return busyPollMs(this.#attachment.settings.THREADS + 1);
  }

  /** The permits of the mailbox of a cell that has an owner. */
  permits(name: string): Permits {
    const { settings, memory, slot } = this.#attachment;
    const { locks, permits } = memory.cells.get(name)!.mailbox!;
    const options = { name: `${name}/permits`, slot, timeoutMs: LEAF_TIMEOUT_MS };
    const mutex = new SyncMutex(new Int32Array(locks), 0, options);
    return new Permits(permits, 0, settings.MAILBOX_CAPACITY, mutex, this.thread.threads);
  }
}
