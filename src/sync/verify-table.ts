/** Says what is wrong with a `SharedTable` on quiet memory: nothing, unless the table or a repair has a defect. */
import { HASH, NEXT, STATE } from './record-layout.ts';
import { FREE } from './record-pool.ts';
import type { TableLayout } from './table-layout.ts';

/** What `verifyTable` looks at. */
export interface TableView {
  readonly words: Int32Array;
  readonly layout: TableLayout;
  readonly keyOf: (record: number) => string;
  readonly hashOf: (key: string) => number;
  /** Records of each shard, as the table counts them. */
  readonly counts: readonly number[];
  /** Names of what has an intent open. */
  readonly open: readonly string[];
  /** Records from here on were never used. */
  readonly fresh: number;
  /** Freed records, in the order of their list. */
  readonly freed: readonly number[];
}

/** @returns one sentence for each inconsistency */
export function verifyTable(view: TableView): string[] {
  const { words, layout } = view;
  const wrong = view.open.map((name) => `${name} has an open intent`);
  const seen = new Map<number, string>();
  const meet = (record: number, place: string): boolean => {
    const before = seen.get(record);
    const isKnown = record >= 0 && record < view.fresh;
    if (!isKnown) wrong.push(`${place} links record ${record}, but only ${view.fresh} were ever used`);
    else if (before !== undefined) wrong.push(`record ${record} is in ${place} and already in ${before}`);
    seen.set(record, place);
    return isKnown && before === undefined;
  };
  if (view.fresh > layout.capacity) wrong.push(`${view.fresh} records were used, but there are ${layout.capacity}`);
  const counts = view.counts.map(() => 0);
  for (let bucket = 0; bucket < layout.buckets; bucket++) {
    for (let link = words[layout.bucketBase + bucket]!; link !== 0; link = words[layout.record(link - 1) + NEXT]!) {
      if (!meet(link - 1, `bucket ${bucket}`)) break;
      wrong.push(...wrongRecord(view, link - 1, bucket));
      counts[layout.shardOf(bucket)]! += 1;
    }
  }
  for (const [shard, count] of view.counts.entries()) {
    if (count !== counts[shard]) wrong.push(`shard ${shard} counts ${count} records and has ${counts[shard]}`);
  }
  for (const record of view.freed) {
    if (!meet(record, 'the free list')) break;
    if (stateOf(view, record) !== FREE) wrong.push(`record ${record} is in the free list but not free`);
  }
  for (let record = 0; record < layout.capacity; record++) {
    const state = stateOf(view, record);
    if (state > 0 && (words[layout.bitBase + (record >>> 5)]! & (1 << (record & 31))) === 0)
      wrong.push(`record ${record} is in use, but its bit is not set`);
    if (record >= view.fresh && state !== FREE) wrong.push(`record ${record} was never used but has state ${state}`);
    if (record < view.fresh && !seen.has(record))
      wrong.push(`record ${record} is lost: in no bucket, not free, state ${state}`);
  }
  return [...wrong, ...doubledKeys(view, seen)];
}

function wrongRecord(view: TableView, record: number, bucket: number): string[] {
  const state = stateOf(view, record);
  if (state <= 0) return [`record ${record} is in bucket ${bucket} but has state ${state}`];
  const hash = view.words[view.layout.record(record) + HASH]!;
  if (view.hashOf(view.keyOf(record)) !== hash) return [`record ${record} has the hash of another key`];
  const belongs = view.layout.bucketOf(hash) === view.layout.bucketBase + bucket;
  return belongs ? [] : [`record ${record} is in bucket ${bucket}, where it does not belong`];
}

function doubledKeys(view: TableView, seen: ReadonlyMap<number, string>): string[] {
  const wrong: string[] = [];
  const records = new Map<string, number>();
  for (const record of seen.keys()) {
    if (record >= view.fresh || record < 0 || stateOf(view, record) <= 0) continue;
    const key = view.keyOf(record);
    const other = records.get(key);
    if (other !== undefined) wrong.push(`records ${other} and ${record} have the same key`);
    records.set(key, record);
  }
  return wrong;
}

function stateOf(view: TableView, record: number): number {
  return view.words[view.layout.record(record) + STATE]!;
}
