/**
 * Counters by key in one thread. A fresh string is what HTTP delivers: made from the bytes of a request, so that
 * nobody has its hash yet. A reused string has been asked for before, and carries its hash.
 */
import { seededRandom } from '../../../load/seeded-random.ts';
import { KeyBuffer } from '../../../src/sync/key-hash.ts';
import { LOCK_WORDS } from '../../../src/sync/lock-line.ts';
import { SharedTable } from '../../../src/sync/shared-table.ts';
import { SyncMutex } from '../../../src/sync/sync-mutex.ts';
import { ThreadTable } from '../../../src/sync/thread-table.ts';
import type { Hammer, Post, Sizes } from '../job.ts';
import { freshKeys, keyText } from '../keys.ts';

const CHUNK = 1_000;
const FEW_KEYS = 500;
const SEED = [0x1234567, 0x89abcde] as const;

export function tableFresh(post: Post): Hammer {
  const { table, increment } = tableOf(post);
  return { ...onFreshKeys(post.sizes, increment), found: () => sumOf(table) };
}

export function tableReused(post: Post): Hammer {
  const { table, increment } = tableOf(post);
  return { ...onReusedKeys(post.sizes, increment), found: () => sumOf(table) };
}

/** As the strategy `sync-lock` has it. */
export function lockedTableFresh(post: Post): Hammer {
  const { table, increment } = tableOf(post);
  const options = { name: 'bench', slot: ThreadTable.slot(post.position, 0), timeoutMs: 1_000 };
  const mutex = new SyncMutex(post.memory.locks, LOCK_WORDS, { ...options, repair: () => table.repair(0) });
  const locked = (key: string): void => mutex.run(() => increment(key));
  return { ...onFreshKeys(post.sizes, locked), found: () => sumOf(table) };
}

export function mapFresh({ sizes }: Post): Hammer {
  const { map, increment } = mapOf(sizes);
  return { ...onFreshKeys(sizes, increment), found: () => sumOfMap(map) };
}

export function mapReused({ sizes }: Post): Hammer {
  const { map, increment } = mapOf(sizes);
  return { ...onReusedKeys(sizes, increment), found: () => sumOfMap(map) };
}

/** Parts of the work above, to be subtracted from it: the loop itself … */
export function keysAlone({ sizes }: Post): Hammer {
  return tried(sizes, (key) => key.length === sizes.keyBytes);
}

/** … with the key's bytes and hash … */
export function keysHashed({ sizes }: Post): Hammer {
  const keys = new KeyBuffer(SEED);
  return tried(sizes, (key) => keys.load(key).byteLength === sizes.keyBytes);
}

/** … and with the record that the hash leads to. */
export function tableFound(post: Post): Hammer {
  const { table } = tableOf(post);
  return tried(post.sizes, (key) => table.find(key) !== -1);
}

export function mapFound({ sizes }: Post): Hammer {
  const { map } = mapOf(sizes);
  return tried(sizes, (key) => map.get(key) !== undefined);
}

/** The same with so few keys that nothing has to come from beyond the processor's second cache. */
export function tableOfFew(post: Post): Hammer {
  return tableFresh({ ...post, sizes: fewer(post.sizes) });
}

export function mapOfFew(post: Post): Hammer {
  return mapFresh({ ...post, sizes: fewer(post.sizes) });
}

function fewer(sizes: Sizes): Sizes {
  return { ...sizes, keys: Math.min(sizes.keys, FEW_KEYS) };
}

type Increment = (key: string) => void;

/** Counts how often `succeeds` does. */
function tried(sizes: Sizes, succeeds: (key: string) => boolean): Hammer {
  let count = 0;
  const attempt = (key: string): void => {
    if (succeeds(key)) count += 1;
  };
  return { ...onFreshKeys(sizes, attempt), found: () => count };
}

function tableOf({ memory, position, sizes }: Post): { table: SharedTable; increment: Increment } {
  const capacity = sizes.keys;
  const options = { name: 'bench/pool', slot: ThreadTable.slot(position, 0), timeoutMs: 1_000 };
  const data = new SharedArrayBuffer(SharedTable.bytes(capacity));
  const lock = { locks: memory.locks, line: 0, options };
  const table = new SharedTable({ data, capacity, shards: 1, seed: SEED, lock });
  for (let key = 0; key < capacity; key++)
    table.insert(keyText(key, sizes), (payload) => table.setNumber(payload, 0, 0));
  const addOne = (payload: number): void => table.setNumber(payload, 0, table.number(payload, 0) + 1);
  return { table, increment: (key) => table.update(table.find(key), addOne) };
}

function mapOf(sizes: Sizes): { map: Map<string, number>; increment: Increment } {
  const map = new Map<string, number>();
  for (let key = 0; key < sizes.keys; key++) map.set(keyText(key, sizes), 0);
  return { map, increment: (key) => void map.set(key, (map.get(key) ?? 0) + 1) };
}

function sumOf(table: SharedTable): number {
  let sum = 0;
  for (let record = 0; record < table.end; record++) sum += table.number(table.payloadOf(record), 0);
  return sum;
}

function sumOfMap(map: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const value of map.values()) sum += value;
  return sum;
}

function onFreshKeys(sizes: Sizes, increment: Increment): Hammer {
  const keys = freshKeys(CHUNK, sizes.keys, sizes);
  return {
    chunk: CHUNK,
    prepare: () => keys.renew(),
    work(times) {
      for (let time = 0; time < times; time++) increment(keys.all[time]!);
    },
  };
}

function onReusedKeys(sizes: Sizes, increment: Increment): Hammer {
  const all = Array.from({ length: sizes.keys }, (_, key) => keyText(key, sizes));
  const random = seededRandom(1);
  const keys: string[] = Array.from({ length: CHUNK });
  return {
    chunk: CHUNK,
    prepare() {
      for (let at = 0; at < CHUNK; at++) keys[at] = all[Math.floor(random() * sizes.keys)]!;
    },
    work(times) {
      for (let time = 0; time < times; time++) increment(keys[time]!);
    },
  };
}
