/**
 * A page of connections, looked at and made under the guard of its shard, or in one version. What is made are strings and
 * numbers: pieces of bytes would be more to make, to read again, and to collect.
 *
 * Cost: a look passes every connection of its room, or all there are, for the total: some ten ns each.
 */
import type { Connection, ConnectionsPage, ConnectionsRequest } from '../resources/connections.ts';
import type { Moment } from './connection-entry.ts';
import type { ConnectionTable } from './connection-table.ts';
import type { InShard } from './in-shard.ts';
import { RecordSet } from './record-set.ts';
import { atOnce, type Steps } from '../sync/steps.ts';

/** Records that are looked at, and connections that are made, in one step: some ten µs. */
const LOOKED_AT = 512;
const MADE = 32;

/** What a page may be made of. */
interface Part {
  readonly table: ConnectionTable;
  readonly request: ConnectionsRequest;
  readonly shard: number;
  /** Where no room is asked for: the shard's records, and perhaps others. All there are if undefined. */
  readonly records?: readonly number[] | undefined;
}

/** A page of the only shard. All steps under the one guard, or in one version. */
export function* pageSteps(table: ConnectionTable, request: ConnectionsRequest): Steps<ConnectionsPage> {
  const part: Part = { table, request, shard: 0 };
  const moment = table.moment();
  const found = new RecordSet(table.capacity);
  const total = yield* look(part, moment.nowMs, Infinity, found);
  const lowest = found.takeLowest(request.limit + 1);
  const connections: Connection[] = [];
  for (const record of lowest.slice(0, request.limit)) {
    connections.push(made(part, record, moment));
    if (connections.length % MADE === 0) yield;
  }
  return { connections, total, cursor: lowest[request.limit] };
}

/** The same at one go. */
export function pageOf(table: ConnectionTable, request: ConnectionsRequest): ConnectionsPage {
  return atOnce(pageSteps(table, request));
}

/**
 * A page of several shards, each looked at under its own lock, one after another, with steps between them only. How far
 * the page reaches is found before, so that nothing is made in vain. Who is gone but not swept, or leaves in between,
 * counts there and is missing from the page, which is shorter then.
 */
export function* pageByShards(
  table: ConnectionTable,
  request: ConnectionsRequest,
  shards: number,
  inShard: InShard,
): Steps<ConnectionsPage> {
  const { room, limit } = request;
  const found = new RecordSet(table.capacity);
  const guesses = room === undefined ? yield* recordsByShard(table, shards) : undefined;
  const parts = Array.from({ length: shards }, (_, shard): Part => ({
    table,
    request,
    shard,
    records: guesses?.[shard],
  }));
  for (const part of parts) {
    if (guesses !== undefined) enlist(part, found);
    else inShard(part.shard, () => enlist(part, found));
    yield;
  }
  const lowest = found.takeLowest(limit + 1);
  const last = lowest.length > limit ? lowest[limit - 1]! : Infinity;

  const connections = new Map<number, Connection>();
  let total = 0;
  for (const part of parts) {
    inShard(part.shard, () => {
      const moment = table.moment();
      total += atOnce(look(part, moment.nowMs, last, found));
      for (const record of found.takeLowest(limit + 1)) connections.set(record, made(part, record, moment));
    });
    yield;
  }
  for (const record of connections.keys()) found.add(record);
  const inOrder = found.takeLowest(limit + 1);
  return {
    connections: inOrder.slice(0, limit).map((record) => connections.get(record)!),
    total,
    cursor: inOrder[limit] ?? (last < Infinity ? last + 1 : undefined),
  };
}

/** Puts what a page may have into `found`, there or gone. */
function enlist(part: Part, found: RecordSet): void {
  const walk = walkOf(part);
  for (let record = walk(); record !== -1; record = walk()) {
    if (record >= part.request.cursor) found.add(record);
  }
}

/** Puts those that are there, from the request's cursor to the record `last`, into `found`. @returns how many are there at all */
function* look(part: Part, nowMs: number, last: number, found: RecordSet): Steps<number> {
  const { table, request, shard } = part;
  const { room, cursor } = request;
  const { entries } = table;
  const walk = walkOf(part);
  let [total, looked] = [0, 0];
  for (let record = walk(); record !== -1; record = walk()) {
    const isOfShard = room !== undefined || entries.shardAt(record) === shard;
    if (isOfShard && table.isThere(record, nowMs)) {
      total += 1;
      if (record >= cursor && record <= last) found.add(record);
    }
    if (++looked % LOOKED_AT === 0) yield;
  }
  return total;
}

function made({ table, shard }: Part, record: number, moment: Moment): Connection {
  return table.connectionAt(record, table.entries.keyOf(record, shard)!, moment);
}

/** Gives one record after another, and −1 at the end: of a room; of `records`; or of all. */
function walkOf({ table, request: { room }, shard, records }: Part): () => number {
  if (room !== undefined) return table.roomsOf(shard).walk(room);
  let at = 0;
  if (records !== undefined) return () => records[at++] ?? -1;
  const { end } = table.entries;
  return () => (at < end ? at++ : -1);
}

function* recordsByShard({ entries }: ConnectionTable, shards: number): Steps<number[][]> {
  const records = Array.from({ length: shards }, (): number[] => []);
  const { end } = entries;
  for (let record = 0; record < end; record++) {
    records[entries.shardAt(record)]?.push(record);
    if (record % LOOKED_AT === LOOKED_AT - 1) yield;
  }
  return records;
}
