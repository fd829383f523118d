/**
 * A connection map in the cell's memory, and where its parts lie:
 *
 * ```
 * records   a `SharedTable`: the ids
 * notes     a cache line per shard, for what a dead thread leaves half-done
 * links     five words per record, and
 * buckets   per shard: the rooms
 * expiries  a float64 per part of the records, and two more
 * arena     the entries
 * ```
 *
 * Locks are taken in this order: the strategy's own; the table's pool's or the arena's.
 */
import type { Settings } from '../settings.ts';
import { Arena } from '../sync/arena.ts';
import { DirtyFlags } from '../sync/dirty-flags.ts';
import { SharedTable } from '../sync/shared-table.ts';
import { ConnectionTable } from './connection-table.ts';
import { Expiries } from './expiries.ts';
import { aligned, leafLock, LINE_BYTES, MIB } from './leaf-lock.ts';
import { type IndexWords, LINK_WORDS, RoomIndex } from './room-index.ts';
import { NOTE_WORDS, SharedEntries } from './shared-entries.ts';
import type { CellContext, CellMemorySize } from './strategy.ts';

// The locks after the strategy's own.
const POOL = 0;
const ARENA = 1;
const LEAF_LOCKS = 2;

/** Buckets of one shard for so many connections in all: a power of two, about one per connection of the shard. */
export function roomBuckets(capacity: number, shards = 1): number {
  return 2 ** Math.ceil(Math.log2(Math.max(capacity / shards, 16)));
}

function layoutOf({ CONNECTIONS_CAPACITY, CONNECTIONS_MEMORY_MB }: Settings, shards: number) {
  const arenaBytes = CONNECTIONS_MEMORY_MB * MIB;
  const notes = aligned(SharedTable.bytes(CONNECTIONS_CAPACITY, shards));
  const links = notes + shards * LINE_BYTES;
  const buckets = links + CONNECTIONS_CAPACITY * LINK_WORDS * 4;
  const expiries = aligned(buckets + shards * roomBuckets(CONNECTIONS_CAPACITY, shards) * 4);
  const arena = aligned(expiries + Expiries.bytes(CONNECTIONS_CAPACITY));
  return { arenaBytes, notes, links, buckets, expiries, arena, bytes: arena + Arena.bytes(arenaBytes) };
}

/** Memory for connections in a `SharedTable`, under `locks` locks of the strategy's own. */
export function sharedConnectionsMemory(settings: Settings, locks: number, shards = 1): CellMemorySize {
  return { locks: locks + LEAF_LOCKS, bytes: layoutOf(settings, shards).bytes };
}

/** The map, and what goes with each shard's lock: to repair what its last owner left half-done. */
export function sharedConnections(context: CellContext, shards = 1) {
  const { memory, settings, hashSeed: seed, lab, thread, clock, firstEpoch } = context;
  const { data } = memory;
  const capacity = settings.CONNECTIONS_CAPACITY;
  const layout = layoutOf(settings, shards);
  const records = new SharedTable({ data, capacity, shards, seed, lock: leafLock(context, LEAF_LOCKS - POOL, 'pool') });
  const arena = new Arena({
    data,
    byteOffset: layout.arena,
    capacityBytes: layout.arenaBytes,
    lock: leafLock(context, LEAF_LOCKS - ARENA, 'arena'),
  });
  const notes = { first: layout.notes / 4, apart: LINE_BYTES / 4 };
  const entries = new SharedEntries({ records, arena, notes, midway: lab.midway });
  const words = new Int32Array(data);
  const dirtyRooms = new DirtyFlags(words, notes.first + NOTE_WORDS, notes.apart);
  const count = roomBuckets(capacity, shards);
  const roomAt = (record: number): string => table.roomAt(record);
  const rooms = Array.from({ length: shards }, (_, shard): RoomIndex => {
    const buckets = layout.buckets / 4 + shard * count;
    return new RoomIndex({ words: inPlace(words), links: layout.links / 4, buckets, count, seed, roomAt });
  });
  const table = new ConnectionTable(entries, rooms, {
    capacity,
    ttlMs: settings.CONNECTION_TTL_MS,
    threads: thread.threads,
    clock,
    firstEpoch,
    expiries: new Expiries(data, layout.expiries, capacity, thread.threads),
    dirtyRooms,
  });
  const repair = (shard: number): void => {
    entries.repair(shard);
    table.repair(shard);
  };
  return { table, repair };
}

function inPlace(words: Int32Array): IndexWords {
  return {
    word: (at) => words[at]!,
    set(at, value) {
      words[at] = value;
    },
  };
}
