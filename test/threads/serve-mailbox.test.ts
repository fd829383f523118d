import { describe, expect, it } from 'vitest';
import { OverloadedError } from '../../src/errors.ts';
import type { OwnerMessage } from '../../src/strategies/strategy.ts';
import { LoopTurn } from '../../src/sync/loop-turn.ts';
import { mailbox } from '../../src/sync/mailbox.ts';
import { serveMailbox } from '../../src/threads/serve-mailbox.ts';

/**
 * So often, so many messages at once to each mailbox of an owner that takes 1 ms for each. Undefined: it refuses nothing.
 *
 * @returns how many were refused each time
 */
async function refusedOf(rounds: number, messages: readonly number[], longMs: number | undefined): Promise<number[]> {
  let nowMs = 0;
  let begun = 0;
  const state = {
    work: (): number => {
      nowMs += 1;
      return (begun += 1);
    },
  };
  const turn = longMs === undefined ? undefined : new LoopTurn(longMs, () => nowMs);
  const boxes = messages.map((count) => ({ count, ...mailbox<OwnerMessage, unknown>(1_024) }));
  const served = boxes.map(({ receiver }) => serveMailbox(receiver, state, turn));
  const refused: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = begun;
    const asks = boxes.flatMap(({ count, sender }) => Array.from({ length: count }, () => sender.ask(['work', []])));
    const reasons = (await Promise.allSettled(asks)).flatMap((ask) => (ask.status === 'rejected' ? ask.reason : []));
    expect(reasons.every((reason) => reason instanceof OverloadedError)).toBe(true);
    expect(begun - before).toBe(asks.length - reasons.length); // what was refused was not begun
    refused.push(reasons.length);
  }
  for (const { sender } of boxes) sender[Symbol.dispose]();
  await Promise.all(served);
  return refused;
}

describe('an owner', () => {
  // Of two mailboxes neither has more than a burst.
  it.for([[[40]], [[16, 16]]])('that has been behind for long begins little in a turn: %j', async ([messages]) => {
    const all = messages!.reduce((sum, count) => sum + count);
    const refused = await refusedOf(20, messages!, 5);
    const patient = Math.ceil(100 / all);
    expect(refused.slice(0, patient)).toEqual(Array.from({ length: patient }, () => 0)); // `all` ms each
    expect(refused.slice(patient)).toEqual(Array.from({ length: 20 - patient }, () => all - 6));
  });

  it('that gets few at a time, or is not to refuse, serves them all', async () => {
    expect(new Set(await refusedOf(30, [16], 5))).toEqual(new Set([0]));
    expect(new Set(await refusedOf(20, [40], undefined))).toEqual(new Set([0]));
  });
});
