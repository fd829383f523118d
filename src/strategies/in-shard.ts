import type { WaitOptions } from '../sync/wait.ts';

/** Runs `section` under the lock of `shard`, or whatever guards it. */
export type InShard<T = void> = (shard: number, section: () => T) => T;

/** The same on behalf of a call, which waits no longer than its deadline; of nobody in particular when it is left out. */
export type InShardFor<T = void> = (call?: WaitOptions) => InShard<T>;

/** Adds a record to the list of its shard. */
export function putInList(lists: Map<number, number[]>, shard: number, record: number): void {
  const list = lists.get(shard);
  if (list === undefined) lists.set(shard, [record]);
  else list.push(record);
}

/** For who holds the one guard, or is the only one who may. */
export const asOwner = <T>(_shard: number, section: () => T): T => section();

export const asOwnerFor = (): typeof asOwner => asOwner;
