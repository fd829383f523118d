/**
 * A page of connections, looked at and made under the guard of its shard, or in one version. What is made are strings and
 * numbers: pieces of bytes would be more to make, to read again, and to collect.
 *
 * Cost: that of its own length, wherever it begins and however many there are: those of a room are in order, records
 * that are not in use are passed 32 at a time, and the total is counted while connections come and go.
 */
import type { Connection, ConnectionsPage, ConnectionsRequest } from '../resources/connections.ts';
import type { Moment } from './connection-entry.ts';
import type { ConnectionTable } from './connection-table.ts';
import { recordsOfGone } from './gone.ts';
import { type InShard, putInList } from './in-shard.ts';
import { atOnce, type Steps } from '../sync/steps.ts';

/** Connections that are looked at, and that are made, in one step: some ten µs. */
const LOOKED_AT = 512;
const MADE = 32;

/** A page of the only shard. All steps under the one guard, or in one version. */
export function* pageSteps(table: ConnectionTable, request: ConnectionsRequest): Steps<ConnectionsPage> {
  const { room, limit, cursor } = request;
  const moment = table.moment();
  const gone = (yield* recordsOfGone(table, moment.nowMs)).get(0) ?? [];
  const total = totalOf(table, room, 0, gone, moment.nowMs);
  const records: number[] = [];
  const walk = walkOf(table, room, 0, cursor);
  let passed = 0;
  for (let record = walk(); record !== -1 && records.length <= limit; record = walk()) {
    if (table.isThere(record, moment.nowMs)) records.push(record);
    if (++passed % LOOKED_AT === 0) yield;
  }
  const connections: Connection[] = [];
  for (const record of records.slice(0, limit)) {
    connections.push(made(table, 0, record, moment));
    if (connections.length % MADE === 0) yield;
  }
  return { connections, total, cursor: records[limit] };
}

/** The same at one go. */
export function pageOf(table: ConnectionTable, request: ConnectionsRequest): ConnectionsPage {
  return atOnce(pageSteps(table, request));
}

/**
 * A page of several shards, with steps between them only. Which records it may have is found before; then each shard is
 * looked at under its own lock, one after another. What leaves in between is missing from the page, which is shorter then.
 */
export function* pageByShards(
  table: ConnectionTable,
  request: ConnectionsRequest,
  shards: number,
  inShard: InShard,
): Steps<ConnectionsPage> {
  const { room, limit } = request;
  const gone = yield* recordsOfGone(table, table.moment().nowMs);
  const lists =
    room === undefined ? yield* anyByShard(table, request) : yield* roomByShard(table, request, shards, inShard);
  const inOrder = ascending(lists);
  const next = inOrder[limit];

  const connections = new Map<number, Connection>();
  let total = 0;
  for (let shard = 0; shard < shards; shard++) {
    inShard(shard, () => {
      const moment = table.moment();
      total += totalOf(table, room, shard, gone.get(shard) ?? [], moment.nowMs);
      for (const record of lists.get(shard) ?? []) {
        if (next !== undefined && record >= next) break;
        if (table.entries.shardAt(record) !== shard || !table.isThere(record, moment.nowMs)) continue;
        const connection = made(table, shard, record, moment);
        if (room === undefined || connection.room === room) connections.set(record, connection);
      }
    });
    yield;
  }
  const page = inOrder.slice(0, limit).flatMap((record) => connections.get(record) ?? []);
  return { connections: page, total, cursor: next };
}

/** How many of a shard are there, of a room or altogether. @param gone records that may be gone, all that are among them */
export function totalOf(
  table: ConnectionTable,
  room: string | undefined,
  shard: number,
  gone: readonly number[],
  nowMs: number,
): number {
  let total = room === undefined ? table.entries.countOf(shard) : table.roomsOf(shard).size(room);
  for (const record of gone) if (table.isGoneFrom(record, shard, room, nowMs)) total -= 1;
  return total;
}

function made(table: ConnectionTable, shard: number, record: number, moment: Moment): Connection {
  return table.connectionAt(record, table.entries.keyOf(record, shard)!, moment);
}

/** Gives one record after another from `from` on, in ascending order, and −1 at the end: of a shard's room, or of all. */
function walkOf(table: ConnectionTable, room: string | undefined, shard: number, from: number): () => number {
  if (room !== undefined) return table.roomsOf(shard).walk(room, from);
  let next = from;
  return () => {
    const record = next === -1 ? -1 : table.entries.nextLive(next);
    next = record === -1 ? -1 : record + 1;
    return record;
  };
}

/**
 * Enough for a page and one more, by shard, each list in ascending order. Whether they are there is asked under the lock of
 * their shard: without it what is read may be another's by now, and who was there all along would be missing.
 */
function* anyByShard(table: ConnectionTable, { limit, cursor }: ConnectionsRequest): Steps<Map<number, number[]>> {
  const lists = new Map<number, number[]>();
  const walk = walkOf(table, undefined, 0, cursor);
  let [passed, found] = [0, 0];
  for (let record = walk(); record !== -1 && found <= limit; record = walk()) {
    const shard = table.entries.shardAt(record);
    if (shard !== -1) {
      putInList(lists, shard, record);
      found += 1;
    }
    if (++passed % LOOKED_AT === 0) yield;
  }
  return lists;
}

/**
 * The same of a room, which has a part in each shard: some of each, then more of those in which the page may have more,
 * twice as many each time. So all together pass little more than the page.
 */
function* roomByShard(
  table: ConnectionTable,
  { room, limit, cursor }: ConnectionsRequest,
  shards: number,
  inShard: InShard,
): Steps<Map<number, number[]>> {
  const lists = new Map<number, number[]>();
  /** From where on a shard was not looked at. */
  const from = Array.from({ length: shards }, () => cursor);
  let most = Math.ceil((limit + 1) / shards);
  for (;;) {
    const next = ascending(lists)[limit] ?? Infinity;
    const behind = Array.from(from.keys()).filter((shard) => from[shard]! < next);
    if (behind.length === 0) return lists;
    for (const shard of behind) {
      inShard(shard, () => {
        const { nowMs } = table.moment();
        const walk = walkOf(table, room, shard, from[shard]!);
        from[shard] = Infinity;
        let found = 0;
        for (let record = walk(); record !== -1; record = walk()) {
          if (found === most) {
            from[shard] = record;
            break;
          }
          if (!table.isThere(record, nowMs)) continue;
          putInList(lists, shard, record);
          found += 1;
        }
      });
      yield;
    }
    most *= 2;
  }
}

/** Each record once: one that left a shard while others were looked at may have come back in another. */
function ascending(lists: ReadonlyMap<number, readonly number[]>): number[] {
  return [...new Set([...lists.values()].flat())].toSorted((a, b) => a - b);
}
