/**
 * A connection map whose ids and rooms are in the pages of a `SnapshotCell`, and where its parts lie:
 *
 * ```
 * pages     the ids, five words per record, the rooms' buckets
 * expiries  a float64 per part of the records, and two more
 * notes     a cache line, for what a dead thread leaves half-done
 * retired   blocks that an earlier version may refer to
 * arena     the entries
 * ```
 */
import type { Settings } from '../../settings.ts';
import { Arena } from '../../sync/arena.ts';
import { SnapshotCell } from '../../sync/snapshot-cell.ts';
import { SnapshotTable } from '../../sync/snapshot-table.ts';
import { ConnectionTable } from '../connection-table.ts';
import { Expiries } from '../expiries.ts';
import { aligned, leafLock, LINE_BYTES, MIB } from '../leaf-lock.ts';
import { LINK_WORDS, RoomIndex } from '../room-index.ts';
import { roomBuckets } from '../shared-connections.ts';
import type { CellContext, CellMemorySize } from '../strategy.ts';
import { SnapshotEntries } from './snapshot-entries.ts';

function layoutOf({ CONNECTIONS_CAPACITY: capacity, CONNECTIONS_MEMORY_MB }: Settings) {
  const links = SnapshotTable.words(capacity);
  const buckets = links + capacity * LINK_WORDS;
  const words = buckets + roomBuckets(capacity);
  const expiries = aligned(SnapshotCell.bytes({ words }));
  const notes = aligned(expiries + Expiries.bytes(capacity));
  const retired = notes + LINE_BYTES;
  const arena = retired + SnapshotEntries.retiredBytes;
  const arenaBytes = CONNECTIONS_MEMORY_MB * MIB;
  return { links, buckets, words, expiries, notes, retired, arena, arenaBytes, bytes: arena + Arena.bytes(arenaBytes) };
}

export function snapshotConnectionsMemory(settings: Settings): CellMemorySize {
  return { locks: 2, bytes: layoutOf(settings).bytes }; // the writers' turn, and the arena's
}

export function snapshotConnections(context: CellContext) {
  const { memory, settings, hashSeed: seed, lab, thread, name, clock, firstEpoch } = context;
  const { data, locks } = memory;
  const { slot, threads } = thread;
  const capacity = settings.CONNECTIONS_CAPACITY;
  const layout = layoutOf(settings);
  const snapshots = new SnapshotCell({
    data,
    words: layout.words,
    lock: { locks, line: 0 },
    name,
    slot,
    threads,
    timeoutMs: settings.LOCK_TIMEOUT_MS,
  });
  const arena = new Arena({
    data,
    byteOffset: layout.arena,
    capacityBytes: layout.arenaBytes,
    lock: leafLock(context, 1, 'arena'),
  });
  const entries = new SnapshotEntries({
    snapshots,
    records: new SnapshotTable(snapshots, capacity, seed),
    arena,
    notes: layout.notes / 4,
    retired: layout.retired / 4,
    name,
    midway: lab.midway,
  });
  const rooms: RoomIndex = new RoomIndex({
    words: snapshots,
    links: layout.links,
    buckets: layout.buckets,
    count: roomBuckets(capacity),
    seed,
    roomAt: (record) => table.roomAt(record),
  });
  const ttlMs = settings.CONNECTION_TTL_MS;
  const expiries = new Expiries(data, layout.expiries, capacity, threads);
  const table = new ConnectionTable(entries, [rooms], { capacity, ttlMs, threads, clock, firstEpoch, expiries });
  return { snapshots, entries, table };
}
