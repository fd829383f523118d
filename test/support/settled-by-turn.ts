import { setImmediate as nextTurn } from 'node:timers/promises';

/** How many of `promises` settle in each turn of the event loop, until all have. */
export async function settledByTurn(promises: readonly Promise<unknown>[]): Promise<number[]> {
  let settled = 0;
  const count = (): void => void (settled += 1);
  for (const promise of promises) void promise.then(count, count);
  const turns: number[] = [];
  for (let before = 0; settled < promises.length; before = settled) {
    await nextTurn();
    turns.push(settled - before);
  }
  return turns;
}
