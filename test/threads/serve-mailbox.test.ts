import { describe, expect, it } from 'vitest';
import { OverloadedError } from '../../src/errors.ts';
import type { OwnerMessage } from '../../src/strategies/strategy.ts';
import { mailbox } from '../../src/sync/mailbox.ts';
import { serveMailbox } from '../../src/threads/serve-mailbox.ts';

/** So often, so many messages at once to an owner that takes 1 ms for each. @returns how many were refused each time */
async function refusedOf(rounds: number, messages: number, standingWaitMs: number): Promise<number[]> {
  const { sender, receiver } = mailbox<OwnerMessage, unknown>(1_024);
  let nowMs = 0;
  let begun = 0;
  const state = {
    work: (): number => {
      nowMs += 1;
      return (begun += 1);
    },
  };
  const served = serveMailbox(receiver, state, { standingWaitMs, now: () => nowMs });
  const refused: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = begun;
    const asks = Array.from({ length: messages }, () => sender.ask(['work', []]));
    const reasons = (await Promise.allSettled(asks)).flatMap((ask) => (ask.status === 'rejected' ? ask.reason : []));
    expect(reasons.every((reason) => reason instanceof OverloadedError)).toBe(true);
    expect(begun - before).toBe(messages - reasons.length); // what was refused was not begun
    refused.push(reasons.length);
  }
  sender[Symbol.dispose]();
  await served;
  return refused;
}

describe('an owner', () => {
  it('that has been behind for long begins nothing after the first milliseconds of a turn', async () => {
    const refused = await refusedOf(20, 40, 5);
    expect(refused.slice(0, 3)).toEqual([0, 0, 0]); // 40 ms each
    expect(refused.slice(3)).toEqual(Array.from({ length: 17 }, () => 34));
  });

  it('that gets few at a time, or is not to refuse, serves them all', async () => {
    expect(new Set(await refusedOf(30, 16, 5))).toEqual(new Set([0]));
    expect(new Set(await refusedOf(20, 40, 0))).toEqual(new Set([0]));
  });
});
