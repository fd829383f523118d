/**
 * The sizes of rooms.
 *
 * With several shards each is looked at under its own lock, one after another.
 */
import type { RoomSize } from '../resources/connections.ts';
import type { ConnectionTable } from './connection-table.ts';
import type { InShard } from './in-shard.ts';
import { atOnce, type Steps } from '../sync/steps.ts';

/** Members of rooms that are looked at in one step. */
const LOOKED_AT = 512;

/** Adds to `sizes` how many there are in each room of a shard. All steps under one guard, or in one version. */
function* addSizes(table: ConnectionTable, sizes: Map<string, number>, shard: number): Steps<void> {
  const { nowMs } = table.moment();
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
