import type { RedisConnection } from './redis-connection.ts';
import { decodeEntry, type KeptEntry } from './redis-entry.ts';

/** Entries that Redis looks at per step. */
const STEP = 1_000;

export interface ScannedEntry extends KeptEntry {
  /** The key within its cell. */
  readonly key: string;
}

/**
 * Every entry of a cell, each key once, in no order; what was read of it in one step may be deleted in between.
 *
 * @throws {OriginFailedError} {OriginTimeoutError} Redis did not answer; what came before is incomplete
 */
export async function* scanCell(connection: RedisConnection, hash: string): AsyncGenerator<ScannedEntry, void> {
  const seen = new Set<string>(); // a scan may return an entry twice while the hash is resized
  let cursor = '0';
  do {
    const from = cursor;
    const [next, found] = await connection.call((redis) => redis.hscan(hash, from, 'COUNT', STEP), {
      ifLost: 'not-applied',
    });
    for (let at = 0; at < found.length; at += 2) {
      const key = found[at]!;
      if (seen.has(key)) continue;
      seen.add(key);
      yield { key, ...decodeEntry(found[at + 1]!) };
    }
    cursor = next;
  } while (cursor !== '0');
}
