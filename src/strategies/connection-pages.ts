/**
 * What looks at many connections: listings, the sizes of rooms, the sweep.
 *
 * With several shards each is looked at under its own lock, one after another: which records belong to it is guessed
 * before, without a lock, and looked at again under it. What was there all along is guessed right.
 */
import { CapacityError } from '../errors.ts';
import type { OriginWrite } from '../origin/origin.ts';
import type { Connection, ConnectionsPage, ConnectionsRequest, RoomSize } from '../resources/connections.ts';
import type { ConnectionTable } from './connection-table.ts';
import type { InShard } from './in-shard.ts';

/** Copied per shard beyond its share of a page, since shards differ; a page that still lacks some is shorter. */
const SPARE = 16;

/** One page. */
export function pageOf(
  table: ConnectionTable,
  { room, limit, cursor }: ConnectionsRequest,
  shards: number,
  inShard: InShard,
): ConnectionsPage {
  const { entries } = table;
  const guesses = shards === 1 || room !== undefined ? undefined : recordsByShard(table, shards);
  const most = shards === 1 ? limit + 1 : Math.ceil((2 * limit) / shards) + SPARE;
  const found: { record: number; connection: Connection }[] = [];
  let complete = Infinity; // up to this record, nothing was left out
  let total = 0;
  for (let shard = 0; shard < shards; shard++) {
    inShard(shard, () => {
      const records = room === undefined ? (guesses?.[shard] ?? upTo(entries.end)) : table.roomsOf(shard).members(room);
      const there = records.filter((record) => entries.shardAt(record) === shard && table.isThere(record));
      total += there.length;
      const ahead = there.filter((record) => record >= cursor).sort((a, b) => a - b);
      if (ahead.length > most) complete = Math.min(complete, ahead[most - 1]!);
      for (const record of ahead.slice(0, most)) {
        found.push({ record, connection: table.connectionAt(record, entries.keyOf(record, shard)!) });
      }
    });
  }
  const whole = found.filter(({ record }) => record <= complete).sort((a, b) => a.record - b.record);
  const connections = whole.slice(0, limit).map(({ connection }) => connection);
  const next = whole[limit]?.record ?? (complete < Infinity ? complete + 1 : undefined);
  return { connections, total, cursor: next };
}

/** Every room that somebody is in. */
export function roomSizes(table: ConnectionTable, shards: number, inShard: InShard): RoomSize[] {
  const sizes = new Map<string, number>();
  for (let shard = 0; shard < shards; shard++) {
    inShard(shard, () => {
      for (const { room, members } of table.roomsOf(shard).all()) {
        const there = members.filter((record) => table.isThere(record)).length;
        if (there > 0) sizes.set(room, (sizes.get(room) ?? 0) + there);
      }
    });
  }
  return Array.from(sizes, ([room, connections]) => ({ room, connections }));
}

/** Records that are looked at under a lock at a time: few enough for one turn of a snapshot's writer. */
const AT_ONCE = 8;

export interface SweepBatch {
  /** Where to go on, 0 when the end was reached. */
  readonly cursor: number;
  readonly swept: number;
  /** Deletions and renewed leases for the origin. */
  readonly writes: readonly OriginWrite[];
}

/**
 * Takes out what is gone among the next `limit` records. Those that seem to be there cost no lock.
 *
 * @param renews whether leases at the origin are to be extended
 * @param looking runs a look at records without the lock
 */
export function sweepBatch(
  table: ConnectionTable,
  { limit, cursor, renews }: { readonly limit: number; readonly cursor: number; readonly renews: boolean },
  inShard: InShard,
  looking: (look: () => void) => void = (look) => look(),
): SweepBatch {
  const { entries } = table;
  const guesses = new Map<number, number[]>();
  let next = 0;
  looking(() => {
    const end = Math.min(cursor + limit, entries.end);
    next = end < entries.end ? end : 0;
    for (let record = cursor; record < end; record++) {
      const shard = entries.shardAt(record);
      if (shard !== -1 && (!table.isThere(record) || (renews && table.isLeaseOld(record)))) {
        const known = guesses.get(shard);
        if (known === undefined) guesses.set(shard, [record]);
        else known.push(record);
      }
    }
  });
  const writes: OriginWrite[] = [];
  let swept = 0;
  for (const [shard, records] of guesses) {
    for (let at = 0; at < records.length; at += AT_ONCE) {
      inShard(shard, () => {
        for (const record of records.slice(at, at + AT_ONCE)) {
          const id = entries.keyOf(record, shard);
          if (id === undefined) continue;
          const deletion = table.sweep(record, id);
          if (deletion === undefined) continue;
          swept += 1;
          writes.push({ key: id, ...deletion });
        }
      });
    }
    for (const record of renews ? records : []) {
      inShard(shard, () => {
        const id = entries.keyOf(record, shard);
        const written = id === undefined ? undefined : table.renew(record, id);
        if (written !== undefined) writes.push({ key: id!, ...written });
      });
    }
  }
  return { cursor: next, swept, writes };
}

/** Records that are looked at to make room. */
const ROOM_BATCH = 512;

/**
 * Runs a write. Where there is no room, some of those that are gone and that the sweep has not reached leave, each in a
 * section before the write's: what a snapshot's turn takes out is free in the next only, and no reader looks at it then.
 *
 * @throws {CapacityError} everybody that is there is alive
 */
export function withRoom<T>(
  write: () => T,
  sweep: (limit: number, cursor: number) => Pick<SweepBatch, 'cursor' | 'swept'>,
): T {
  for (;;) {
    try {
      return write();
    } catch (error) {
      if (!(error instanceof CapacityError)) throw error;
      let { cursor, swept } = sweep(ROOM_BATCH, 0);
      while (swept === 0 && cursor !== 0) ({ cursor, swept } = sweep(ROOM_BATCH, cursor));
      if (swept === 0) throw error;
    }
  }
}

function recordsByShard({ entries }: ConnectionTable, shards: number): number[][] {
  const records = Array.from({ length: shards }, (): number[] => []);
  for (let record = 0; record < entries.end; record++) records[entries.shardAt(record)]?.push(record);
  return records;
}

function upTo(end: number): number[] {
  return Array.from({ length: end }, (_, record) => record);
}
