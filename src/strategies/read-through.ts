/**
 * What a cache does around its entries, the same for every strategy that guards nothing while it awaits: loads what
 * memory lacks, once for all who want it, and writes to the origin first.
 *
 * Guarantee: no read that began after a write was acknowledged gets an older value: see `SingleFlight` for the order of
 * steps and why it is right, and `CacheTable.put` for two writes whose answers overtake each other. A write that failed,
 * or of which nobody knows, leaves no copy behind that may be older. An error is told to who waits, and not kept.
 */
import { SharedStateError, VersionsHeldError } from '../errors.ts';
import type { DocumentOrigin } from '../origin/origin.ts';
import { timed } from '../origin/timed.ts';
import type { Call } from '../resources/call.ts';
import type { CacheRead } from '../resources/cache.ts';
import { LocalFlight } from '../sync/local-flight.ts';
import type { Flown, SingleFlightOptions, Ticket } from '../sync/single-flight.ts';
import type { Settings } from '../settings.ts';
import type { Awaitable, WaitOptions } from '../sync/wait.ts';
import { whenUnheld } from '../sync/when-unheld.ts';
import { type CacheCounts, COLLAPSED, HITS, MISSES, ORIGIN_LOADS } from './cache-counts.ts';
import { type Entry, flag, flagsOf, FOUND, openEntry, packEntry, STORED } from './cache-entry.ts';
import type { Placed, Seen } from './cache-table.ts';
import type { InShard, InShardFor } from './in-shard.ts';
import type { CellContext } from './strategy.ts';

/** What loads once for all: `SingleFlight`, or `LocalFlight` where one thread owns the cache. */
export interface Flights {
  get(key: string, options?: WaitOptions): Promise<Flown>;
  void(key: string): boolean;
  voidAll(): void;
}

export type OpenFlights = (load: SingleFlightOptions['load']) => Flights;

/** Flights of one thread, for a cache that it owns. */
export function localFlights({ REQUEST_TIMEOUT_MS: timeoutMs, MAX_WAITING: maxWaiting }: Settings): OpenFlights {
  return (load) => new LocalFlight({ load, timeoutMs, maxWaiting });
}

export interface ReadThroughOptions {
  readonly table: {
    keep(key: string, entry: Entry, ticket: Ticket, inShard: InShard<Placed>): boolean;
    put(key: string, entry: Entry, inShard: InShard<Placed>): void;
    forget(key: string, inShard: InShard<Placed>): void;
    clear(inShard: InShard<Placed>, call: WaitOptions): Awaitable<void>;
  };
  readonly counts: Pick<CacheCounts, 'add'>;
  readonly flights: OpenFlights;
  /** A look at the table, inside whatever guards it. */
  readonly look: (key: string) => Seen;
  readonly inShard: InShardFor<Placed>;
}

export class ReadThrough {
  readonly #documents: DocumentOrigin;
  readonly #ttlMs: number;
  readonly #options: ReadThroughOptions;
  readonly #flights: Flights;

  constructor({ documents, settings }: CellContext, options: ReadThroughOptions) {
    this.#documents = documents;
    this.#ttlMs = settings.CACHE_TTL_MS;
    this.#options = options;
    this.#flights = options.flights((key, ticket) => this.#load(key, ticket));
  }

  /** Answers a read by what it saw in memory, or by what a load brings. */
  answer(key: string, seen: Seen, call: Call): Awaitable<CacheRead> {
    if (typeof seen === 'string') return this.#fly(key, seen, call);
    this.#options.counts.add(HITS);
    return { document: openEntry(seen), status: 'hit', stored: false, collapsed: false };
  }

  async write(key: string, value: string, ttlMs: number, call: Call): Promise<void> {
    this.#flights.void(key);
    const version = await this.#store(key, value, call);
    try {
      const entry = packEntry(key, { value, version, ttlMs });
      const put = (): void => {
        this.#flights.void(key);
        this.#options.table.put(key, entry, this.#options.inShard(call));
      };
      await whenUnheld(put, call);
    } catch (error) {
      throw unknown(error); // the origin has it
    }
  }

  forget(key: string, call: WaitOptions): Awaitable<void> {
    const forget = (): void => {
      this.#flights.void(key); // also what began since it was refused
      this.#options.table.forget(key, this.#options.inShard(call));
    };
    return whenUnheld(forget, call);
  }

  async clear(call: WaitOptions): Promise<void> {
    this.#flights.voidAll();
    try {
      await this.#options.table.clear(this.#options.inShard(call), call);
    } catch (error) {
      throw unknown(error); // some may have left
    }
  }

  async #fly(key: string, status: 'miss' | 'stale', call: Call): Promise<CacheRead> {
    const { counts } = this.#options;
    counts.add(MISSES);
    const { value, collapsed: joined } = await timed(call, this.#flights.get(key, call));
    const flags = value === undefined ? 0 : flagsOf(value);
    const collapsed = joined || (flags & FOUND) !== 0;
    if (collapsed) counts.add(COLLAPSED);
    const document = value === undefined ? undefined : openEntry(value);
    return { document, status, stored: (flags & STORED) !== 0, collapsed };
  }

  /** Runs on its own account, whoever waits for it. */
  async #load(key: string, ticket: Ticket): Promise<Entry | undefined> {
    const { table, counts, look, inShard } = this.#options;
    const seen = look(key); // another load may have landed since the reader looked
    if (typeof seen !== 'string') return flag(seen, STORED | FOUND);
    counts.add(ORIGIN_LOADS);
    const { value, version } = await this.#documents.loadDocument(key);
    if (value === undefined) return undefined;
    const entry = packEntry(key, { value, version, ttlMs: this.#ttlMs });
    try {
      return table.keep(key, entry, ticket, inShard()) ? flag(entry, STORED) : entry;
    } catch (error) {
      if (error instanceof VersionsHeldError) return entry; // there is no room for it now
      throw error;
    }
  }

  async #store(key: string, value: string, call: Call): Promise<number> {
    try {
      return await timed(call, this.#documents.storeDocument(key, value, call));
    } catch (error) {
      try {
        await this.forget(key, call);
      } catch {
        // The lock cannot be had: what is there stays for its time. Nobody was told that the write succeeded.
      }
      throw error;
    }
  }
}

function unknown(error: unknown): unknown {
  return error instanceof SharedStateError ? error.withOutcome('unknown') : error;
}
