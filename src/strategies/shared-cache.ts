/**
 * What the caches of all strategies that share memory are made of, and where it lies:
 *
 * ```
 * index     a `SharedTable`, or the pages of a `SnapshotCell`
 * notes     a cache line per shard, for what a dead thread leaves half-done
 * floors    a float64 per shard: the greatest version that left it, or was shown without being kept
 * counts    a cache line per thread position
 * shown     a word per bucket of keys: see `ShownVersions`
 * flights   what is being loaded, with a small arena for what one thread loads and others wait for
 * arena     the entries
 * ```
 *
 * Locks are taken in this order: the strategy's own; the flights'; the table's pool's or an arena's.
 */
import type { Settings } from '../settings.ts';
import { Arena } from '../sync/arena.ts';
import { SharedTable } from '../sync/shared-table.ts';
import { SingleFlight } from '../sync/single-flight.ts';
import { CacheCounts } from './cache-counts.ts';
import { CacheTable } from './cache-table.ts';
import { aligned, leafLock, LINE_BYTES, MIB } from './leaf-lock.ts';
import type { OpenFlights } from './read-through.ts';
import { SharedEntries } from './shared-entries.ts';
import { ShownVersions } from './shown-versions.ts';
import type { CellContext, CellMemorySize } from './strategy.ts';

/** There is a record for so many bytes of capacity: smaller entries leave some of it unused. */
const BYTES_PER_RECORD = 256;
/** Loads of all threads that are on their way at a time; what is beyond is loaded by each reader for itself. */
const FLIGHTS = 1024;
/** Some dozens of the largest documents; what finds no room is loaded once more. */
const LANDING_BYTES = 2 * MIB;

// The locks after the strategy's own.
const POOL = 0;
const ARENA = 1;
const IN_FLIGHT = 2;
const LANDING = 3;
const LEAF_LOCKS = 4;

/** Where the parts lie, in bytes. */
interface CacheLayout {
  readonly arenaBytes: number;
  readonly notes: number;
  readonly floors: number;
  readonly counts: number;
  readonly shown: number;
  readonly flights: number;
  readonly landing: number;
  readonly arena: number;
  readonly bytes: number;
}

function cacheLayout({ CACHE_MEMORY_MB }: Settings, indexBytes: number, shards: number): CacheLayout {
  const arenaBytes = CACHE_MEMORY_MB * MIB;
  const notes = aligned(indexBytes);
  const floors = notes + shards * LINE_BYTES;
  const counts = floors + aligned(shards * 8);
  const shown = counts + CacheCounts.bytes;
  const flights = shown + ShownVersions.bytes;
  const landing = flights + aligned(SingleFlight.bytes(FLIGHTS));
  const arena = landing + aligned(Arena.bytes(LANDING_BYTES));
  const bytes = arena + Arena.bytes(arenaBytes);
  return { arenaBytes, notes, floors, counts, shown, flights, landing, arena, bytes };
}

export function cacheRecords({ CACHE_MEMORY_MB }: Settings): number {
  return (CACHE_MEMORY_MB * MIB) / BYTES_PER_RECORD;
}

/** Memory for a cache whose index takes `indexBytes`, under `locks` locks of the strategy's own. */
export function cacheMemory(settings: Settings, locks: number, indexBytes: number, shards = 1): CellMemorySize {
  return { locks: locks + LEAF_LOCKS, bytes: cacheLayout(settings, indexBytes, shards).bytes };
}

/** All but the index. */
export function cacheParts(context: CellContext, indexBytes: number, shards = 1) {
  const { memory, settings, thread, hashSeed } = context;
  const { data } = memory;
  const layout = cacheLayout(settings, indexBytes, shards);
  const arena = new Arena({
    data,
    byteOffset: layout.arena,
    capacityBytes: layout.arenaBytes,
    lock: leafLock(context, LEAF_LOCKS - ARENA, 'arena'),
  });
  const counts = new CacheCounts(data, layout.counts, thread.slot);
  const floors = new Float64Array(data, layout.floors, shards);
  const shown = new ShownVersions(data, layout.shown, hashSeed);
  return { arena, counts, floors, shown, notes: layout.notes / 4, flights: sharedFlights(context, layout) };
}

/** Memory for a cache in a `SharedTable`. */
export function sharedCacheMemory(settings: Settings, locks: number, shards = 1): CellMemorySize {
  return cacheMemory(settings, locks, SharedTable.bytes(cacheRecords(settings), shards), shards);
}

/** A cache in a `SharedTable` in the cell's memory, and its entries, whose `repair` goes with each shard's lock. */
export function sharedCache(context: CellContext, shards = 1) {
  const { memory, settings, hashSeed, lab } = context;
  const capacity = cacheRecords(settings);
  const parts = cacheParts(context, SharedTable.bytes(capacity, shards), shards);
  const lock = leafLock(context, LEAF_LOCKS - POOL, 'pool');
  const records = new SharedTable({ data: memory.data, capacity, shards, seed: hashSeed, lock });
  const notes = { first: parts.notes, apart: LINE_BYTES / 4 };
  const entries = new SharedEntries({ records, arena: parts.arena, notes, midway: lab.midway });
  const table = new CacheTable(entries, parts.counts, parts.floors, context.clock);
  return { ...parts, entries, table };
}

/** Opens the flights of all threads; see `ReadThrough`. */
function sharedFlights(context: CellContext, layout: CacheLayout): OpenFlights {
  const { memory, settings, thread, hashSeed } = context;
  const { data } = memory;
  return (load) =>
    new SingleFlight({
      ...thread,
      data,
      byteOffset: layout.flights,
      capacity: FLIGHTS,
      seed: hashSeed,
      lock: leafLock(context, LEAF_LOCKS - IN_FLIGHT, 'flights'),
      arena: new Arena({
        data,
        byteOffset: layout.landing,
        capacityBytes: LANDING_BYTES,
        lock: leafLock(context, LEAF_LOCKS - LANDING, 'landing'),
      }),
      timeoutMs: settings.REQUEST_TIMEOUT_MS,
      maxWaiting: settings.MAX_WAITING,
      load,
    });
}
