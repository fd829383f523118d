import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { OverloadedError } from '../../src/errors.ts';
import type { OwnerMessage } from '../../src/strategies/strategy.ts';
import { Doorbell } from '../../src/sync/doorbell.ts';
import { LOCK_WORDS } from '../../src/sync/lock-line.ts';
import { FairTurns } from '../../src/sync/fair-turns.ts';
import { LoopTurn } from '../../src/sync/loop-turn.ts';
import { Outbox } from '../../src/sync/mailbox-outbox.ts';
import { Receiver } from '../../src/sync/mailbox-receiver.ts';
import { Sender } from '../../src/sync/mailbox-sender.ts';
import { mailbox } from '../../src/sync/mailbox.ts';
import { Permits } from '../../src/sync/permits.ts';
import { SyncMutex } from '../../src/sync/sync-mutex.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { type Methods, serveMailbox } from '../../src/threads/serve-mailbox.ts';

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
  const now = (): number => nowMs;
  const turns = new FairTurns<unknown>(now);
  const turn = longMs === undefined ? undefined : new LoopTurn(longMs, now, (end) => turns.onRoundEnd(end));
  const boxes = messages.map((count) => ({ count, ...mailbox<OwnerMessage, unknown>(1_024, turns) }));
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

/** A state whose first message takes until all deadlines have passed, and what it began. */
function slowState() {
  const begun: string[] = [];
  const state = {
    hold: (untilMs: number): void => {
      begun.push('hold');
      while (performance.now() < untilMs);
    },
    work: (name: string): void => void begun.push(name),
  };
  return { begun, state: state as unknown as Methods };
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

describe('an asker that has given up', () => {
  it('is not worked for, also in the batch that is under way; the others are', async () => {
    const { begun, state } = slowState();
    const { sender, receiver } = mailbox<OwnerMessage, unknown>(16);
    const served = serveMailbox(receiver, state);
    const untilMs = performance.now() + 60;
    const asks = [
      sender.ask(['hold', [untilMs]]),
      sender.ask(['work', ['late']], { remainingMs: 40 }),
      sender.ask(['work', ['patient']]),
      sender.ask(['work', ['late too']], { remainingMs: 50 }),
    ];
    const ended = await Promise.allSettled(asks);
    expect(begun).toEqual(['hold', 'patient']);
    expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected']);
    sender[Symbol.dispose]();
    await served;
  });

  it('is not worked for when it went away before its turn, and that is counted', async () => {
    const { begun, state } = slowState();
    const threads = new ThreadTable(new SharedArrayBuffer(ThreadTable.bytes));
    threads.enter(1);
    const mutex = new SyncMutex(new Int32Array(LOCK_WORDS), 0, { name: 'permits', slot: 1, timeoutMs: 1_000 });
    const permits = new Permits(new SharedArrayBuffer(Permits.bytes), 0, 16, mutex, threads);
    const { port1, port2 } = new MessageChannel();
    const receiver = new Receiver<OwnerMessage, unknown>(permits);
    receiver.connect(port2, 0);
    receiver.expectNoMore();
    const doorbell = new Doorbell(threads, 1);
    const options = { name: 'mailbox', permits, position: 0, doorbell, waitMs: 1_000, maxWaiting: 16 };
    const outbox = new Outbox<OwnerMessage, unknown>({ ...options, onEnd: () => doorbell[Symbol.dispose]() });
    outbox.connect(port1);
    const sender = new Sender(outbox);
    const gone = new AbortController();
    const asks = [sender.ask(['work', ['gone']], { signal: gone.signal }), sender.ask(['work', ['here']])];
    while (permits.taken < 2) await new Promise(setImmediate); // both are sent
    gone.abort();
    const served = serveMailbox(receiver, state);
    const [first, second] = await Promise.allSettled(asks);
    expect(first).toMatchObject({ reason: { code: 'OWNER_TIMEOUT' } });
    expect(second).toMatchObject({ status: 'fulfilled' });
    expect(begun).toEqual(['here']);
    expect(permits.skipped).toBe(1);
    sender[Symbol.dispose]();
    await served;
  });

  it('is seen by a method that awaits: its time goes on', async () => {
    const left: number[] = [];
    const awaited = Promise.withResolvers<void>();
    const state = {
      wait: async (call: { readonly remainingMs: number }): Promise<void> => {
        left.push(call.remainingMs);
        await awaited.promise;
        left.push(call.remainingMs);
      },
    };
    const { sender, receiver } = mailbox<OwnerMessage, unknown>(16);
    const served = serveMailbox(receiver, state as unknown as Methods);
    const asked = sender.ask(['wait', []], { remainingMs: 20 });
    await expect(asked).rejects.toMatchObject({ code: 'OWNER_TIMEOUT' });
    awaited.resolve();
    sender[Symbol.dispose]();
    await served;
    expect(left[0]).toBeGreaterThan(0);
    expect(left[1]).toBeLessThan(2); // a timer may be early by one
  });
});
