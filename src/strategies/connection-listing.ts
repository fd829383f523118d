/**
 * A page of connections. What must be one consistent cut is looked at and copied under the guard of its shard, or in one
 * version: a *share* of the page. Connections are made of the copies afterwards, where nobody waits for it.
 *
 * Cost: a share looks at every connection of its room, or at all there are, for the total: some ten ns each.
 */
import type { Connection, ConnectionsPage, ConnectionsRequest } from '../resources/connections.ts';
import type { ConnectionTable } from './connection-table.ts';
import type { InShard } from './in-shard.ts';
import { RecordSet } from './record-set.ts';
import { atOnce, type Steps } from '../sync/steps.ts';

/** Records that are looked at, and connections that are copied or made, in one step: some ten µs. */
const LOOKED_AT = 512;
const COPIED = 32;

/** A connection as it was under the guard. */
interface Copy {
  readonly record: number;
  readonly id: string;
  readonly entry: Uint8Array;
  readonly lastSeenAtMs: number;
}

/** What a shard has of a page. */
export interface Share {
  /** All that are there, not only those copied. */
  readonly total: number;
  /** In the order of their records. */
  readonly copies: readonly Copy[];
  /** Up to this record nothing was left out. */
  readonly complete: number;
}

/** Which part of a page a share is: by default all of it. */
interface Part {
  readonly shard: number;
  /** Copied at most. */
  readonly most: number;
  /** Where no room is asked for: the shard's records, and perhaps others. */
  readonly records?: readonly number[] | undefined;
  /** Empty; one serves all shares of a page. */
  readonly ahead: RecordSet;
}

/** Looks for a share and copies it. All steps under one guard, or in one version. */
export function* shareSteps(table: ConnectionTable, request: ConnectionsRequest, part?: Part): Steps<Share> {
  const { limit, cursor } = request;
  const { shard, most, records, ahead } = part ?? {
    shard: 0,
    most: limit + 1,
    records: undefined,
    ahead: new RecordSet(table.capacity),
  };
  const { entries } = table;
  const nowMs = Date.now(); // of the whole share
  const walk = walkOf(table, request.room, shard, records);
  let [total, looked, found] = [0, 0, 0];
  for (let record = walk(); record !== -1; record = walk()) {
    if (entries.shardAt(record) === shard && table.isThere(record, nowMs)) {
      total += 1;
      if (record >= cursor) {
        ahead.add(record);
        found += 1;
      }
    }
    if (++looked % LOOKED_AT === 0) yield;
  }
  const lowest = ahead.takeLowest(most);
  const copies: Copy[] = [];
  for (const record of lowest) {
    const lastSeenAtMs = table.lastSeenAtMs(record);
    copies.push({ record, id: entries.keyOf(record, shard)!, entry: entries.copy(record), lastSeenAtMs });
    if (copies.length % COPIED === 0) yield;
  }
  return { total, copies, complete: found > most ? lowest.at(-1)! : Infinity };
}

/** A share at one go. */
export function shareOf(table: ConnectionTable, request: ConnectionsRequest): Share {
  return atOnce(shareSteps(table, request));
}

/** A page out of the share of the only shard. */
export function pageSteps(table: ConnectionTable, request: ConnectionsRequest, share: Share): Steps<ConnectionsPage> {
  return joined(table, request, [share]);
}

/**
 * A page of several shards, each looked at under its own lock, one after another, with steps between them only. Which
 * records belong to a shard is guessed before, without a lock, and looked at again under it: what was there all along is
 * guessed right.
 */
export function* pageByShards(
  table: ConnectionTable,
  request: ConnectionsRequest,
  shards: number,
  inShard: InShard,
): Steps<ConnectionsPage> {
  const guesses = request.room === undefined ? yield* recordsByShard(table, shards) : undefined;
  const mean = request.limit / shards;
  const most = Math.ceil(mean + 4 * Math.sqrt(mean)) + 1; // shards differ; a page that lacks some is shorter
  const ahead = new RecordSet(table.capacity);
  const shares: Share[] = [];
  for (let shard = 0; shard < shards; shard++) {
    const part = { shard, most, records: guesses?.[shard], ahead };
    inShard(shard, () => void shares.push(atOnce(shareSteps(table, request, part))));
    yield;
  }
  return yield* joined(table, request, shares);
}

function* joined(
  table: ConnectionTable,
  { limit }: ConnectionsRequest,
  shares: readonly Share[],
): Steps<ConnectionsPage> {
  const complete = Math.min(...shares.map((share) => share.complete));
  const copies = shares.flatMap((share) => share.copies.filter(({ record }) => record <= complete));
  if (shares.length > 1) copies.sort((a, b) => a.record - b.record);
  const connections: Connection[] = [];
  for (const { id, entry, lastSeenAtMs } of copies.slice(0, limit)) {
    connections.push(table.opened(id, entry, lastSeenAtMs));
    if (connections.length % COPIED === 0) yield;
  }
  const total = shares.reduce((sum, share) => sum + share.total, 0);
  const cursor = copies[limit]?.record ?? (complete < Infinity ? complete + 1 : undefined);
  return { connections, total, cursor };
}

/** Gives one record after another, and −1 at the end: of a room; of `records`; or of all. */
function walkOf(
  table: ConnectionTable,
  room: string | undefined,
  shard: number,
  records: readonly number[] | undefined,
): () => number {
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
