import { describe, expect, it } from 'vitest';
import { Ask } from '../../src/sync/mailbox-ask.ts';
import { PendingAsks } from '../../src/sync/mailbox-pending.ts';

const MANY = 5_000;

/** Asks with the ids from 1 to `MANY`, all added. */
function added(): { readonly pending: PendingAsks<string, number>; readonly asks: readonly Ask<string, number>[] } {
  const pending = new PendingAsks<string, number>();
  const asks = Array.from({ length: MANY }, (_, index) => {
    const ask = new Ask<string, number>('message', {}, 0);
    ask.id = index + 1;
    pending.add(ask);
    return ask;
  });
  return { pending, asks };
}

describe('pending asks', () => {
  it('are found by their id, however many came after them', () => {
    const { pending, asks } = added();
    expect(pending.size).toBe(MANY);
    for (const ask of asks) expect(pending.get(ask.id)).toBe(ask);
    expect(new Set(pending.values())).toEqual(new Set(asks));
    expect(pending.get(MANY + 1)).toBeUndefined();
  });

  it('leave once, and nothing of them stays', () => {
    const { pending, asks } = added();
    const [leaving, staying] = [asks.filter(({ id }) => id % 3 === 0), asks.filter(({ id }) => id % 3 !== 0)];
    for (const { id } of leaving) expect(pending.delete(id)).toBe(true);
    for (const { id } of leaving) expect(pending.get(id)).toBeUndefined();
    for (const { id } of leaving) expect(pending.delete(id)).toBe(false);
    for (const ask of staying) expect(pending.get(ask.id)).toBe(ask);
    for (const { id } of staying) expect(pending.delete(id)).toBe(true);
    expect(pending.size).toBe(0);
    expect(pending.values()).toEqual([]);
  });

  it('are each given their own reply, early ones and late ones', async () => {
    const { pending, asks } = added();
    const ids = asks.map(({ id }) => id).toReversed();
    pending.settle([ids, ids.map((id) => id * 2), undefined, undefined]);
    expect(await Promise.all(asks.map(({ promise }) => promise))).toEqual(asks.map(({ id }) => id * 2));
    expect(pending.size).toBe(0);
  });

  it('are not taken for another whose reply comes when nobody waits for it', () => {
    const { pending, asks } = added();
    pending.clear();
    expect(pending.size).toBe(0);
    const ask = new Ask<string, number>('message', {}, 0);
    ask.id = MANY + 1;
    pending.add(ask);
    const old = asks.map(({ id }) => id);
    pending.settle([old, old, undefined, undefined]);
    expect(ask.settled).toBe(false);
    expect(pending.values()).toEqual([ask]);
  });
});
