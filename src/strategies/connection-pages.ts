/**
 * The sizes of rooms, which are counted while connections come and go, less those that are gone.
 *
 * Cost: that of the answer, and a word for each bucket of rooms, of which there are about as many as there may be
 * connections. With several shards each is looked at under its own lock, one after another.
 */
import type { RoomSize } from '../resources/connections.ts';
import type { ConnectionTable } from './connection-table.ts';
import { recordsOfGone } from './gone.ts';
import type { InShard } from './in-shard.ts';
import { atOnce, type Steps } from '../sync/steps.ts';

/** Rooms, or buckets, that are looked at in one step. */
const LOOKED_AT = 128;

/** Adds to `sizes` how many there are in each room of a shard. All steps under one guard, or in one version. */
function* addSizes(
  table: ConnectionTable,
  sizes: Map<string, number>,
  shard: number,
  gone: readonly number[],
): Steps<void> {
  const { nowMs } = table.moment();
  const rooms = table.roomsOf(shard);
  let looked = 0;
  for (let bucket = 0; bucket < rooms.buckets; bucket++) {
    if (++looked % LOOKED_AT === 0) yield;
    if (rooms.isVacant(bucket)) continue;
    for (const { room, size } of rooms.roomsOf(bucket)) {
      sizes.set(room, (sizes.get(room) ?? 0) + size);
      if (++looked % LOOKED_AT === 0) yield;
    }
  }
  for (const record of gone) {
    if (!table.isGoneFrom(record, shard, undefined, nowMs) || !table.isWhole(record)) continue;
    const room = table.roomAt(record);
    sizes.set(room, sizes.get(room)! - 1);
    if (++looked % LOOKED_AT === 0) yield;
  }
}

/** Every room that somebody is in. All steps under the one guard, or in one version. */
export function* sizeSteps(table: ConnectionTable): Steps<RoomSize[]> {
  const sizes = new Map<string, number>();
  const gone = yield* recordsOfGone(table, table.moment().nowMs);
  yield* addSizes(table, sizes, 0, gone.get(0) ?? []);
  return listOf(sizes);
}

/** The same at one go. */
export function roomSizes(table: ConnectionTable): RoomSize[] {
  return atOnce(sizeSteps(table));
}

/** The same of several shards, with steps between them only. */
export function* sizesByShards(table: ConnectionTable, shards: number, inShard: InShard): Steps<RoomSize[]> {
  const sizes = new Map<string, number>();
  const gone = yield* recordsOfGone(table, table.moment().nowMs);
  for (let shard = 0; shard < shards; shard++) {
    inShard(shard, () => atOnce(addSizes(table, sizes, shard, gone.get(shard) ?? [])));
    yield;
  }
  return listOf(sizes); // once, and under no lock
}

function listOf(sizes: ReadonlyMap<string, number>): RoomSize[] {
  return Array.from(sizes, ([room, connections]) => ({ room, connections })).filter(
    ({ connections }) => connections > 0,
  );
}
