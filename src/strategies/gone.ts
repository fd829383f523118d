/**
 * Connections that are gone, expired or with their thread, and that the sweep has not taken out yet: totals are what is
 * counted less these.
 *
 * Cost: a comparison for each part of the map, and a look at every connection of the parts in which one may have expired
 * since somebody last looked. What was looked at is told to `Expiries`, so of living connections none is looked at again
 * before one of them could have expired.
 */
import type { ConnectionTable } from './connection-table.ts';
import { earliestOfNew, PART } from './expiries.ts';
import { putInList } from './in-shard.ts';
import type { Steps } from '../sync/steps.ts';

/**
 * The records of those that are gone, by shard. A step is a part. Without the locks of all shards it is a guess, to be
 * made sure of under each.
 */
export function* recordsOfGone(table: ConnectionTable, nowMs: number): Steps<Map<number, number[]>> {
  const gone = new Map<number, number[]>();
  for (const part of table.expiries.due(nowMs)) {
    lookAtPart(table, part, nowMs, gone);
    yield;
  }
  return gone;
}

function lookAtPart(table: ConnectionTable, part: number, nowMs: number, gone: Map<number, number[]>): void {
  const { entries, expiries } = table;
  const living = expiries.living();
  const end = (part + 1) * PART;
  let earliestMs = earliestOfNew(table, nowMs);
  for (let record = entries.nextLive(part * PART, end); record !== -1; record = entries.nextLive(record + 1, end)) {
    const shard = entries.shardAt(record);
    if (shard === -1) continue;
    const isThere = table.isThere(record, nowMs);
    earliestMs = Math.min(earliestMs, isThere ? table.expiresAtMs(record) : nowMs);
    if (!isThere) putInList(gone, shard, record);
  }
  expiries.tell(part, earliestMs, living);
}
