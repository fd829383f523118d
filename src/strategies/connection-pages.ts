/**
 * What looks at many connections besides listings: the sizes of rooms, the sweep.
 *
 * With several shards each is looked at under its own lock, one after another.
 */
import { CapacityError } from '../errors.ts';
import type { OriginWrite } from '../origin/origin.ts';
import type { RoomSize } from '../resources/connections.ts';
import type { ConnectionTable } from './connection-table.ts';
import type { InShard } from './in-shard.ts';
import { atOnce, type Steps } from '../sync/steps.ts';

/** Members of rooms that are looked at in one step. */
const LOOKED_AT = 512;

/** Adds to `sizes` how many there are in each room of a shard. All steps under one guard, or in one version. */
function* addSizes(table: ConnectionTable, sizes: Map<string, number>, shard: number): Steps<void> {
  const nowMs = Date.now();
  let looked = 0;
  for (const { room, walk } of table.roomsOf(shard).all()) {
    let there = 0;
    for (let record = walk(); record !== -1; record = walk()) {
      if (table.isThere(record, nowMs)) there += 1;
      if (++looked % LOOKED_AT === 0) yield;
    }
    if (there > 0) sizes.set(room, (sizes.get(room) ?? 0) + there);
  }
}

/** Every room that somebody is in. All steps under the one guard, or in one version. */
export function* sizeSteps(table: ConnectionTable): Steps<RoomSize[]> {
  const sizes = new Map<string, number>();
  yield* addSizes(table, sizes, 0);
  return listOf(sizes);
}

/** The same at one go. */
export function roomSizes(table: ConnectionTable): RoomSize[] {
  return atOnce(sizeSteps(table));
}

/** The same of several shards, with steps between them only. */
export function* sizesByShards(table: ConnectionTable, shards: number, inShard: InShard): Steps<RoomSize[]> {
  const sizes = new Map<string, number>();
  for (let shard = 0; shard < shards; shard++) {
    inShard(shard, () => atOnce(addSizes(table, sizes, shard)));
    yield;
  }
  return listOf(sizes); // once, and under no lock
}

function listOf(sizes: ReadonlyMap<string, number>): RoomSize[] {
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
