import type { WaitOptions } from '../sync/wait.ts';

/** Runs `section` under the lock of `shard`, or whatever guards it. */
export type InShard<T = void> = (shard: number, section: () => T) => T;

/** The same on behalf of a call, which waits no longer than its deadline; of nobody in particular when it is left out. */
export type InShardFor<T = void> = (call?: WaitOptions) => InShard<T>;

/** For who holds the one guard, or is the only one who may. */
export const asOwner = <T>(_shard: number, section: () => T): T => section();

export const asOwnerFor = (): typeof asOwner => asOwner;
