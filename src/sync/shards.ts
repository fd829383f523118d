import { LOCK_WORDS } from './lock-line.ts';
import { SyncMutex, type SyncMutexOptions } from './sync-mutex.ts';

export interface ShardsOptions extends Omit<SyncMutexOptions, 'repair'> {
  /** Completes or rolls back what a dead owner left open in a shard; runs as the shard's owner. */
  readonly repair: (shard: number) => void;
}

/**
 * Striped locks: one mutex per shard, each on a cache line of its own. Which key belongs to which shard is the
 * table's business (`shardOf`), by a hash that is seeded anew at each start.
 *
 * Whoever needs several shards takes one after another and never holds two, or takes them in ascending order.
 *
 * @see "lock striping" in Goetz et al., "Java Concurrency in Practice", 11.4.3
 */
export class Shards {
  readonly #mutexes: readonly SyncMutex[];

  /** @param locks lock lines, of which the first `count` are the shards' */
  constructor(locks: Int32Array, count: number, { repair, name, ...options }: ShardsOptions) {
    this.#mutexes = Array.from(
      { length: count },
      (_, shard) =>
        new SyncMutex(locks, shard * LOCK_WORDS, {
          ...options,
          name: `${name}[${shard}]`,
          repair: () => repair(shard),
        }),
    );
  }

  of(shard: number): SyncMutex {
    return this.#mutexes[shard]!;
  }
}
