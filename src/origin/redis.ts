/**
 * Redis as the origin. Every thread has a connection of its own; nothing goes through main.
 *
 * Guarantee: the newest version of every key is kept, however often and in whatever order writes arrive. A service
 * process that started later fences the earlier ones out: their writes are refused, so nothing of theirs comes late.
 * Cost: one round trip per batch. What is acknowledged is as durable as Redis' own settings make it.
 */
import type { Redis } from 'ioredis';
import { DocumentsFullError, type Outcome, type SharedStateError } from '../errors.ts';
import type { WaitOptions } from '../sync/wait.ts';
import { drawDelayMs, type OriginLatency } from './latency.ts';
import { splitKey } from './cell-keys.ts';
import type { DeletedDocument, OriginConnection, OriginDocument, OriginWrite, StoredCell, Written } from './origin.ts';
import type { RedisCell } from './redis-cell.ts';
import { type CallOptions, RedisConnection, type RedisConnectionOptions } from './redis-connection.ts';
import { decodeDocument, deleteDocument, findDocument, storeDocument } from './redis-documents.ts';
import { cellHash, cellPart, decodeEntry, epochKey, type KeptEntry } from './redis-entry.ts';
import { PROBE_AS_OWNER, probeKeys } from './redis-probe.ts';
import { scanCell } from './redis-scan.ts';
import { dropEntries, type RememberedDeletions, storeNewest } from './redis-store.ts';
import { SharedOrigin } from './shared-origin.ts';

/**
 * How long a deletion is remembered at least, besides twice the longest wait for an answer, after which a silent connection is
 * left: what may still arrive late is a command in a socket, which the system gives up on within this time.
 */
const TOMBSTONE_TTL_MS = 120_000;
/** Deletions that are remembered of a cell: some 30 MB in Redis. With the default times more than 500 a second, all the time. */
const MAX_TOMBSTONES = 65_536;

/** Writes per command: Redis serves nobody else while it works on one. */
const MAX_BATCH = 1_000;

export interface RedisOriginOptions extends RedisConnectionOptions, OriginLatency {
  /** Every key in Redis begins with it. */
  readonly namespace: string;
  /** From `takeEpoch`, once per service process. */
  readonly epoch: number;
  /** How many documents every cell starts with; see `takeEpoch`. */
  readonly documents: number;
  /** Most that stored documents may take, in MiB over all cells: `ORIGIN_MEMORY_MB`. */
  readonly documentsMb: number;
  /** Where the threads of this process tell each other. */
  readonly shared?: SharedOrigin;
  /** How long a deletion is remembered, in milliseconds. */
  readonly tombstoneTtlMs?: number;
  /** How many are remembered of a cell before `deletionsFullMs` says so. */
  readonly maxTombstones?: number;
}

/** An entry of a cell as it comes back at start. */
export interface RestoredEntry extends KeptEntry {
  /** The key within its cell. */
  readonly key: string;
  /** Never a deletion: those are passed over. */
  readonly value: number | string;
}

export class RedisOrigin implements OriginConnection {
  readonly #connection: RedisConnection;
  readonly #options: RedisOriginOptions;
  readonly #shared: SharedOrigin;
  /** By cell, until when no more deletions are remembered, in milliseconds of `performance.now()`. */
  readonly #fullUntilMs = new Map<string, number>();

  constructor(options: RedisOriginOptions) {
    const { shared = new SharedOrigin() } = options;
    this.#options = options;
    this.#shared = shared;
    this.#connection = new RedisConnection({ ...options, onFenced: () => shared.fence() });
  }

  connected(): Promise<void> {
    return this.#connection.connected();
  }

  /**
   * @throws {OriginFailedError} refused (also because a newer process has taken over), or not connected: nothing was
   *   stored; with `outcome: "unknown"` the connection was lost before the answer
   * @throws {OriginTimeoutError} no answer in time: the batch may still be stored, now or later
   */
  async store(writes: readonly OriginWrite[], options?: WaitOptions): Promise<void> {
    const call = this.#call('unknown', options);
    const { namespace, epoch, timeoutMs, tombstoneTtlMs = TOMBSTONE_TTL_MS + 2 * timeoutMs } = this.#options;
    const tombstoneAgeMs = tombstoneTtlMs + this.#shared.unstoredForMs;
    const parts: Promise<void>[] = [];
    for (let at = 0; at < writes.length; at += MAX_BATCH) {
      const part = writes.length <= MAX_BATCH ? writes : writes.slice(at, at + MAX_BATCH);
      const store = (redis: Redis) => storeNewest(redis, part, { namespace, epoch, tombstoneAgeMs });
      parts.push(this.#connection.call(store, call).then((remembered) => this.#remember(remembered)));
    }
    if (parts.length === 1) await parts[0];
    else await allStored(parts);
  }

  deletionsFullMs(key: string): number {
    if (this.#fullUntilMs.size === 0) return 0;
    return Math.max(0, (this.#fullUntilMs.get(splitKey(key)[0]) ?? 0) - performance.now());
  }

  #remember(remembered: readonly RememberedDeletions[]): void {
    const { maxTombstones = MAX_TOMBSTONES } = this.#options;
    for (const { cell, count, oldestGoesMs } of remembered) {
      if (count < maxTombstones) this.#fullUntilMs.delete(cell);
      else this.#fullUntilMs.set(cell, performance.now() + oldestGoesMs + 1);
    }
  }

  async load(key: string, options?: WaitOptions): Promise<Written | undefined> {
    const [cell, field] = splitKey(key);
    const hash = cellHash(this.#options.namespace, cell);
    const call = this.#call('not-applied', options);
    const entry = await this.#connection.call((redis) => redis.hget(hash, field), call);
    if (entry === null) return undefined;
    const { value, version } = decodeEntry(entry);
    return { value, version };
  }

  async loadDocument(key: string, options?: WaitOptions): Promise<OriginDocument> {
    const find = (redis: Redis) => findDocument(redis, key, this.#options);
    return decodeDocument(await this.#connection.call(find, this.#call('not-applied', options)));
  }

  /** @throws {DocumentsFullError} {OriginFullError} nothing changed. @throws {OriginFailedError} {OriginTimeoutError} as `store` */
  async storeDocument(key: string, value: string, options?: WaitOptions): Promise<number> {
    const store = (redis: Redis) => storeDocument(redis, key, value, this.#options);
    const version = await this.#connection.call(store, this.#call('unknown', options));
    if (version === undefined) throw new DocumentsFullError(`${this.#options.documentsMb} MiB (ORIGIN_MEMORY_MB)`);
    return version;
  }

  /** @throws {OriginFailedError} {OriginTimeoutError} as `store` */
  deleteDocument(key: string, options?: WaitOptions): Promise<DeletedDocument> {
    const remove = (redis: Redis) => deleteDocument(redis, key, this.#options);
    return this.#connection.call(remove, this.#call('unknown', options));
  }

  /**
   * Everything that the origin has of a cell (`sync-lock/counters`), each key once, in no order. Complete when the epoch
   * was taken before: whatever an earlier process still sends is refused. It adds no latency.
   *
   * What is not taken over is deleted there on the way, with every deletion that was remembered: of earlier processes
   * nothing comes late any more.
   *
   * @throws {OriginFailedError} {OriginTimeoutError} Redis did not answer; what came before is incomplete
   */
  async *restore(cell: string, takes: StoredCell['takes'] = () => true): AsyncGenerator<RestoredEntry, void> {
    const hash = cellHash(this.#options.namespace, cell);
    let dropped: string[] = [];
    for await (const { key, value, version, epoch } of scanCell(this.#connection, hash)) {
      if (value !== undefined && takes(value)) {
        yield { key, value, version, epoch };
        continue;
      }
      if (epoch === this.#options.epoch) continue; // of this process: it may still need it
      if (dropped.push(key) < MAX_BATCH) continue;
      await this.#drop(cell, dropped);
      dropped = [];
    }
    if (dropped.length > 0) await this.#drop(cell, dropped);
  }

  async #drop(cell: string, keys: readonly string[]): Promise<void> {
    const drop = (redis: Redis) => dropEntries(redis, cell, keys, this.#options);
    await this.#connection.call(drop, { ifLost: 'unknown' });
  }

  /** Asks as a writer would: a Redis that only lets itself be read keeps the service from being ready. */
  async problem({ remainingMs }: WaitOptions): Promise<string | undefined> {
    const { namespace, epoch } = this.#options;
    const probe = (redis: Redis) => PROBE_AS_OWNER(redis, probeKeys(namespace), [epoch]);
    try {
      await this.#connection.call(probe, { remainingMs, ifLost: 'not-applied' });
      return undefined;
    } catch (error) {
      return `the origin: ${(error as Error).message}`;
    }
  }

  redisCell(cell: string): RedisCell {
    const { namespace, epoch } = this.#options;
    return {
      epoch,
      epochKey: epochKey(namespace),
      key: (part) => cellPart(namespace, cell, part),
      send: async (command, ifLost, call) => {
        const startedMs = performance.now();
        const delayMs = drawDelayMs(this.#options);
        try {
          return await this.#connection.call(command, { remainingMs: call?.remainingMs, delayMs, ifLost });
        } finally {
          call?.timing?.add('origin', performance.now() - startedMs);
        }
      },
    };
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #call(ifLost: Outcome, options?: WaitOptions): CallOptions {
    return { remainingMs: options?.remainingMs, delayMs: drawDelayMs(this.#options), ifLost };
  }
}

/** A batch in several commands: unless all of them are known to have failed, the outcome of the whole is unknown. */
async function allStored(parts: readonly Promise<unknown>[]): Promise<void> {
  const answers = await Promise.allSettled(parts);
  const failures = answers.flatMap((answer) =>
    answer.status === 'rejected' ? [answer.reason as SharedStateError] : [],
  );
  if (failures.length === 0) return;
  const applied = failures.length < parts.length || failures.some(({ outcome }) => outcome === 'unknown');
  throw Object.assign(failures[0]!, { outcome: applied ? 'unknown' : 'not-applied' });
}
