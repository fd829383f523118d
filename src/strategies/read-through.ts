/**
 * What a cache does around its entries, the same for every strategy that guards nothing while it awaits: loads what
 * memory lacks, once for all who want it, and writes to the origin first.
 *
 * Guarantee: once a read has seen a version of a document, or its write was acknowledged, no read that begins later gets
 * an older one; that there is none is a version too. Versions are the origin's, and compared where a value is answered or
 * kept. See `SingleFlight` for the order of steps and why it is right, `CacheTable` for writes whose answers overtake each
 * other, and `ShownVersions` for what is shown without being kept. A write that failed, or of which
 * nobody knows, leaves no copy behind that may be older. An error is told to who waits, and not kept.
 */
import type { Clock } from '../clock.ts';
import {
  afterFirstChange,
  CopyInDoubtError,
  DocumentsFullError,
  LockTimeoutError,
  OriginFullError,
} from '../errors.ts';
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
import {
  type Entry,
  flag,
  flagsOf,
  FOUND,
  NONE,
  openEntry,
  packEntry,
  packNone,
  STORED,
  versionOf,
} from './cache-entry.ts';
import type { Placed, Seen } from './cache-table.ts';
import type { InShard, InShardFor } from './in-shard.ts';
import { CopiesInDoubt } from './copies-in-doubt.ts';
import type { ShownVersions } from './shown-versions.ts';
import type { CellContext } from './strategy.ts';

/** The event loop must not stand still for what nobody waits for. */
const TRY_ONCE: WaitOptions = { remainingMs: 0 };

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
    pass(key: string, version: number, inShard: InShard<Placed>): void;
    forget(key: string, inShard: InShard<Placed>): void;
    clear(inShard: InShard<Placed>, call: WaitOptions): Awaitable<void>;
  };
  readonly counts: Pick<CacheCounts, 'add'>;
  readonly shown: ShownVersions;
  readonly flights: OpenFlights;
  /** A look at the table, inside whatever guards it. */
  readonly look: (key: string) => Seen;
  readonly inShard: InShardFor<Placed>;
}

export class ReadThrough {
  readonly #documents: DocumentOrigin;
  readonly #ttlMs: number;
  readonly #clock: Clock;
  readonly #options: ReadThroughOptions;
  readonly #flights: Flights;
  readonly #inDoubt: CopiesInDoubt;

  constructor({ documents, settings, clock }: CellContext, options: ReadThroughOptions) {
    this.#documents = documents;
    this.#ttlMs = settings.CACHE_TTL_MS;
    this.#clock = clock;
    this.#options = options;
    this.#flights = options.flights((key, ticket) => this.#load(key, ticket));
    this.#inDoubt = new CopiesInDoubt({
      forget: (key) => this.forget(key, TRY_ONCE),
      clear: () => this.clear(TRY_ONCE),
    });
  }

  /** Answers a read by what it saw in memory, or by what a load brings. */
  answer(key: string, seen: Seen, call: Call): Awaitable<CacheRead> {
    if (typeof seen === 'string') return this.#fly(key, seen, call);
    this.#options.counts.add(HITS);
    return { document: openEntry(seen, this.#clock.nowMs()), status: 'hit', stored: false, collapsed: false };
  }

  async write(key: string, value: string, ttlMs: number, call: Call): Promise<void> {
    const version = await this.#change(key, call, () => this.#documents.storeDocument(key, value, call));
    const entry = packEntry(key, { value, version, ttlMs }, this.#clock.nowMs());
    await this.#show(key, call, () => this.#options.table.put(key, entry, this.#options.inShard(call)));
  }

  /** @returns whether there was such a document */
  async delete(key: string, call: Call): Promise<boolean> {
    const { existed, version } = await this.#change(key, call, () => this.#documents.deleteDocument(key, call));
    await this.#show(key, call, () => this.#options.table.pass(key, version, this.#options.inShard(call)));
    return existed;
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
    await this.#options.table.clear(this.#options.inShard(call), call);
  }

  async #fly(key: string, status: 'miss' | 'stale', call: Call): Promise<CacheRead> {
    const { counts, shown } = this.#options;
    counts.add(MISSES);
    const shownBefore = shown.of(key);
    let { value, collapsed: joined } = await this.#get(key, call);
    // A load that was joined may have asked the origin before what another showed until then was stored. The next one
    // begins after this read, so whatever it brings will do: mostly what is in the table, when the greater version was
    // another key's.
    if (joined && versionOf(value) < shownBefore) ({ value, collapsed: joined } = await this.#get(key, call));
    const flags = flagsOf(value);
    const collapsed = joined || (flags & FOUND) !== 0;
    if (collapsed) counts.add(COLLAPSED);
    const document = (flags & NONE) !== 0 ? undefined : openEntry(value, this.#clock.nowMs());
    return { document, status, stored: (flags & STORED) !== 0, collapsed };
  }

  async #get(key: string, call: Call): Promise<{ value: Entry; collapsed: boolean }> {
    const { value, collapsed } = await timed(call, this.#flights.get(key, call));
    return { value: value!, collapsed }; // `#load` brings one
  }

  /** Runs on its own account, whoever waits for it. */
  async #load(key: string, ticket: Ticket): Promise<Entry> {
    const { table, counts, look, inShard, shown } = this.#options;
    const seen = look(key); // another load may have landed since the reader looked
    if (typeof seen !== 'string') return flag(seen, STORED | FOUND);
    counts.add(ORIGIN_LOADS);
    const shownBefore = shown.of(key);
    const { value, version } = await this.#documents.loadDocument(key);
    const entry =
      value === undefined
        ? packNone(version)
        : packEntry(key, { value, version, ttlMs: this.#ttlMs }, this.#clock.nowMs());
    const current: Ticket = {
      get isVoid() {
        return ticket.isVoid || shown.of(key) > Math.max(shownBefore, version);
      },
    };
    const place = (): boolean => {
      if (value !== undefined && table.keep(key, entry, current, inShard())) return true;
      // It is not kept, but will be seen: first see to it that nothing older is seen after it, neither of what other
      // loads bring, nor in the table, where the answer to an earlier write may still come.
      if (ticket.isVoid) shown.raise(key, version);
      table.pass(key, version, inShard());
      return false;
    };
    return (await whenUnheld(place, {})) ? flag(entry, STORED) : entry;
  }

  /** Has the origin make a change. */
  async #change<T>(key: string, call: Call, change: () => Promise<T>): Promise<T> {
    this.#flights.void(key);
    try {
      return await timed(call, change());
    } catch (error) {
      const isFull = error instanceof DocumentsFullError || error instanceof OriginFullError;
      if (!isFull) await this.#forgetInTime(key, call); // nobody may know what the origin has
      throw error;
    }
  }

  /** Shows what the origin has by now. */
  async #show(key: string, call: Call, place: () => void): Promise<void> {
    try {
      const show = (): void => {
        this.#flights.void(key); // also what began since it was refused
        place();
      };
      await whenUnheld(show, call);
    } catch (error) {
      this.#inDoubt.add(key);
      throw error instanceof LockTimeoutError ? new CopyInDoubtError() : afterFirstChange(error);
    }
  }

  async #forgetInTime(key: string, call: Call): Promise<void> {
    try {
      await this.forget(key, call);
    } catch {
      this.#inDoubt.add(key);
    }
  }
}
