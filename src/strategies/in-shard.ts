/** Runs `section` under the lock of `shard`, or whatever guards it. */
export type InShard<T = void> = (shard: number, section: () => T) => T;

/** For who holds the one guard, or is the only one who may. */
export const asOwner = <T>(_shard: number, section: () => T): T => section();
