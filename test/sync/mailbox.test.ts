import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { ConflictError } from '../../src/errors.ts';
import { EXPIRED_PER_TURN } from '../../src/sync/deadlines.ts';
import { Doorbell } from '../../src/sync/doorbell.ts';
import { LOCK_WORDS, ownedBy } from '../../src/sync/lock-line.ts';
import { Outbox, type OutboxOptions } from '../../src/sync/mailbox-outbox.ts';
import { type Letter, Receiver } from '../../src/sync/mailbox-receiver.ts';
import { Sender } from '../../src/sync/mailbox-sender.ts';
import { mailbox } from '../../src/sync/mailbox.ts';
import { Permits } from '../../src/sync/permits.ts';
import { SyncMutex } from '../../src/sync/sync-mutex.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { settledByTurn } from '../support/settled-by-turn.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

function ends(capacity: number, options: Partial<OutboxOptions> = {}) {
  const threads = new ThreadTable(new SharedArrayBuffer(ThreadTable.bytes));
  const slot = ThreadTable.slot(0, 0);
  threads.enter(slot);
  const locks = new Int32Array(new SharedArrayBuffer(LOCK_WORDS * 4));
  const mutex = new SyncMutex(locks, 0, { name: 'permits', slot, timeoutMs: 5 });
  const permits = new Permits(new SharedArrayBuffer(Permits.bytes), 0, capacity, mutex, threads);
  const doorbell = new Doorbell(threads, slot);
  cleanups.push(() => doorbell[Symbol.dispose]());
  const outbox = new Outbox<string, string>({
    name: 'box',
    permits,
    position: 0,
    doorbell,
    waitMs: 1000,
    maxWaiting: 100,
    ...options,
  });
  const connect = (receiverPollMs = 0): { receiver: Receiver<string, string>; close: () => void } => {
    const { port1, port2 } = new MessageChannel();
    const receiver = new Receiver<string, string>(permits, receiverPollMs);
    receiver.connect(port2, 0);
    outbox.connect(port1);
    cleanups.push(() => port1.close());
    return { receiver, close: () => port2.close() };
  };
  return { permits, locks, doorbell, outbox, sender: new Sender(outbox), connect };
}

/** Takes letters out one at a time. */
function letters(receiver: Receiver<string, string>) {
  const iterator = receiver[Symbol.asyncIterator]();
  return async (): Promise<Letter<string, string>> => (await iterator.next()).value as Letter<string, string>;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}

describe('many asks whose time is over at once', () => {
  it.each([
    ['their own', 1_000, { waitMs: 10_000 }, { remainingMs: 1 }],
    ['that of a wait for a permit', 1, { waitMs: 1 }, {}],
  ])('end some in each turn of the event loop, where it is %s', async (_, capacity, options, call) => {
    const { sender, connect } = ends(capacity, { maxWaiting: 1_000, ...options });
    connect();
    await turns(2);
    const asks = Array.from({ length: 500 }, () => sender.ask('slow', call));
    const waiting = capacity === 1 ? asks.slice(1) : asks; // the first was sent, and waits for its reply
    expect(Math.max(...(await settledByTurn(waiting)))).toBeLessThanOrEqual(EXPIRED_PER_TURN);
    asks[0]!.catch(() => {}); // ends with its mailbox
  });
});

describe('a mailbox', () => {
  it('brings messages in order and replies to the one that asked', async () => {
    const { sender, receiver } = mailbox<number, number>(8);
    const asked = Promise.all([1, 2, 3].map((message) => sender.ask(message)));
    sender[Symbol.dispose]();
    const received: number[] = [];
    const held: Letter<number, number>[] = [];
    for await (const letter of receiver) {
      received.push(letter.message);
      held.unshift(letter);
    }
    for (const letter of held) letter.reply(letter.message * 10); // also after the loop has ended
    expect(received).toEqual([1, 2, 3]);
    expect(await asked).toEqual([10, 20, 30]);
  });

  it('answers a letter once, and brings an error over as what it was', async () => {
    const { sender, connect } = ends(8);
    const next = letters(connect().receiver);
    const asked = sender.ask('swap');
    const letter = await next();
    letter.fail(new ConflictError(1, 2));
    await expect(asked).rejects.toMatchObject({ code: 'CONFLICT', value: 2 });
    expect(() => letter.reply('again')).toThrow('once');
  });

  it('lets no more messages wait than it has permits; the others wait, then are refused', async () => {
    const { sender, outbox, permits, connect } = ends(2, { waitMs: 20 });
    const next = letters(connect().receiver);
    const asked = ['a', 'b', 'c', 'd'].map((message) => sender.ask(message));
    await expect(asked[2]).rejects.toMatchObject({ code: 'MAILBOX_FULL', outcome: 'not-applied' });
    await expect(asked[3]).rejects.toMatchObject({ code: 'MAILBOX_FULL' });
    expect(permits.taken).toBe(2);
    (await next()).reply('A');
    (await next()).reply('B');
    expect(await Promise.all(asked.slice(0, 2))).toEqual(['A', 'B']);
    expect(permits.taken).toBe(0);
    expect(outbox.outstanding).toBe(0);
  });

  it('gives a message that waits for room the permit of one that was received', async () => {
    const { sender, connect } = ends(1);
    const next = letters(connect().receiver);
    const asked = ['a', 'b', 'c'].map((message) => sender.ask(message));
    for (const expected of ['a', 'b', 'c']) {
      const letter = await next();
      expect(letter.message).toBe(expected);
      letter.reply(expected.toUpperCase());
    }
    expect(await Promise.all(asked)).toEqual(['A', 'B', 'C']);
  });

  it('refuses at once when too many wait for room already', async () => {
    const { sender, connect } = ends(1, { maxWaiting: 1, waitMs: 50 });
    connect();
    const first = [sender.ask('sent'), sender.ask('waits')];
    await new Promise(setImmediate); // the batch has gone; one message waits for room
    await expect(sender.ask('too many')).rejects.toMatchObject({ code: 'MAILBOX_FULL' });
    await expect(first[1]).rejects.toMatchObject({ code: 'MAILBOX_FULL' });
    sender.ask('keeps the first from being the last').catch(() => {});
    first[0]!.catch(() => {});
  });

  it('refuses what it could not send while the lock of the permits is held too long, and goes on', async () => {
    const { sender, outbox, locks, connect } = ends(8);
    const next = letters(connect().receiver);
    const another = ThreadTable.slot(1, 0);
    Atomics.store(locks, 0, ownedBy(another));
    const asked = ['a', 'b'].map((message) => sender.ask(message));
    await expect(asked[0]).rejects.toMatchObject({ code: 'LOCK_TIMEOUT', outcome: 'not-applied' });
    await expect(asked[1]).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
    expect(outbox.outstanding).toBe(0);
    Atomics.store(locks, 0, 0);
    const after = sender.ask('c');
    (await next()).reply('C');
    expect(await after).toBe('C');
  });

  it('bounds what waits for a receiver, in number and in time', async () => {
    const { sender, outbox, connect } = ends(8, { maxWaiting: 2, waitMs: 20 });
    const asked = ['a', 'b', 'c'].map((message) => sender.ask(message));
    const ended = await Promise.allSettled(asked);
    for (const one of ended) expect(one).toMatchObject({ reason: { code: 'MAILBOX_FULL', outcome: 'not-applied' } });
    for (const one of ended)
      expect(one).toMatchObject({ reason: { message: expect.stringContaining('nobody receives') } });
    expect(outbox.outstanding).toBe(0);
    const next = letters(connect().receiver);
    const after = sender.ask('d');
    (await next()).reply('D');
    expect(await after).toBe('D');
  });
});

describe('what cannot be cloned', () => {
  const uncloneable = { toString: () => 'never sent' } as unknown as string;

  it('fails its own ask; those sent with it go through, and its room comes back', async () => {
    const { sender, outbox, permits, connect } = ends(8);
    const { receiver } = connect();
    const order: string[] = [];
    void receiver.drain((letter) => {
      order.push(letter.message);
      letter.reply(letter.message.toUpperCase());
    });
    const asked = await Promise.allSettled(['a', uncloneable, 'b'].map((message) => sender.ask(message)));
    expect(asked[0]).toMatchObject({ value: 'A' });
    expect(asked[1]).toMatchObject({ reason: { code: 'INTERNAL', outcome: 'not-applied' } });
    expect((asked[1] as PromiseRejectedResult).reason.message).toContain('"box" cannot be cloned');
    expect(asked[2]).toMatchObject({ value: 'B' });
    expect(order).toEqual(['a', 'b']);
    expect(permits.taken).toBe(0);
    expect(outbox.outstanding).toBe(0);
  });

  it('as a reply fails the ask that it answers; the replies beside it arrive', async () => {
    const { sender, outbox, connect } = ends(8);
    const { receiver } = connect();
    void receiver.drain((letter) => {
      if (letter.message === 'error') letter.fail(Object.assign(new Error('mine'), { socket: () => {} }));
      else letter.reply(letter.message === 'odd' ? uncloneable : letter.message.toUpperCase());
    });
    const timing = { add: () => {} };
    const asked = await Promise.allSettled(['a', 'odd', 'error', 'b'].map((text) => sender.ask(text, { timing })));
    expect(asked[0]).toMatchObject({ value: 'A' });
    expect(asked[1]).toMatchObject({ reason: { code: 'INTERNAL', outcome: 'unknown' } });
    expect(asked[2]).toMatchObject({ reason: { message: 'mine' } });
    expect(asked[3]).toMatchObject({ value: 'B' });
    expect(outbox.outstanding).toBe(0);
  });

  it('is not the only thing that fails alone: a handler that throws does', async () => {
    const { sender, connect } = ends(8);
    const { receiver } = connect();
    void receiver.drain((letter) => {
      if (letter.message === 'throw') throw new ConflictError(1, 2);
      letter.reply(letter.message);
    });
    const asked = await Promise.allSettled(['a', 'throw', 'b'].map((message) => sender.ask(message)));
    expect(asked).toMatchObject([{ value: 'a' }, { reason: { code: 'CONFLICT' } }, { value: 'b' }]);
  });
});

describe('the room of a mailbox', () => {
  const CAPACITY = 4;

  /** A sender on position 0 that can be replaced, as main replaces a thread, and one receiver. */
  function restarting() {
    const { permits, doorbell, outbox: first, connect } = ends(CAPACITY);
    const { receiver } = connect();
    const restart = () => {
      const outbox = new Outbox<string, string>({
        name: 'box',
        permits,
        position: 0,
        doorbell,
        waitMs: 1000,
        maxWaiting: 100,
      });
      const { port1, port2 } = new MessageChannel();
      receiver.connect(port2, 0);
      outbox.connect(port1);
      cleanups.push(() => port1.close());
      return outbox;
    };
    return { permits, first, receiver, restart };
  }

  it('is not exceeded by a sender that starts again before what it sent was received', async () => {
    const { permits, first, receiver, restart } = restarting();
    const lost = Array.from({ length: CAPACITY }, (_, at) => first.ask(`old ${at}`));
    for (const ask of lost) ask.catch(() => {});
    await turns(2);
    const outbox = restart();
    const asked = Array.from({ length: CAPACITY }, (_, at) => outbox.ask(`new ${at}`));
    await turns(3);
    expect(permits.taken).toBe(CAPACITY); // all of them the dead one's
    const next = letters(receiver);
    for (let at = 0; at < CAPACITY; at++) {
      const letter = await next();
      expect(letter.message).toBe(`old ${at}`);
      letter.reply('nobody reads it');
    }
    for (let at = 0; at < CAPACITY; at++) {
      const letter = await next();
      expect(letter.message).toBe(`new ${at}`);
      expect(permits.taken).toBeLessThanOrEqual(CAPACITY);
      letter.reply('served');
    }
    expect(await Promise.all(asked)).toEqual(Array.from({ length: CAPACITY }, () => 'served'));
    expect(permits.taken).toBe(0);
  });

  it('comes back once, however often sender and receiver start again', async () => {
    const { permits, receiver, restart } = restarting();
    for (let life = 0; life < 5; life++) {
      for (let at = 0; at < 3; at++)
        restart()
          .ask(`life ${life}`)
          .catch(() => {});
      await turns(3);
      expect(permits.taken).toBeLessThanOrEqual(CAPACITY);
    }
    const outbox = restart();
    void receiver.drain((letter) => letter.reply('served'));
    const asked = Array.from({ length: 10 }, () => outbox.ask('last'));
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['served']));
    expect(permits.taken).toBe(0);
  });

  it('that a dead thread took and did not use comes back', async () => {
    const { permits, first, receiver, restart } = restarting();
    expect(await Promise.race([first.ask('a').catch(() => 'lost'), turns(2)])).toBeUndefined();
    const account = 1; // of the first connection
    expect(permits.take(0, account, CAPACITY)).toBe(CAPACITY - 1); // and dies before it posts
    const outbox = restart();
    void receiver.drain((letter) => letter.reply('served'));
    expect(await outbox.ask('b')).toBe('served');
    expect(permits.taken).toBe(0);
    expect(permits.take(0, account, 1)).toBe(0);
    permits.give(0, account, 1); // too late, or twice: changes nothing
    expect(permits.taken).toBe(0);
  });
});

describe('the order of a mailbox', () => {
  it('is that of sending for one thread, whichever handle sent, also of what waits for room', async () => {
    const { sender, connect } = ends(2);
    const { receiver } = connect();
    const order: string[] = [];
    void receiver.drain((letter) => {
      order.push(letter.message);
      letter.reply('');
    });
    const handles = [sender, sender.clone(), sender.clone()];
    const sent = Array.from({ length: 12 }, (_, at) => `${at}`);
    await Promise.all(sent.map((message, at) => handles[at % 3]!.ask(message)));
    expect(order).toEqual(sent);
  });
});

describe('a mailbox whose ends poll', () => {
  /** So long that a test which needs an end to fall asleep first would not end in time. */
  const pollMs = 10_000;

  it('brings messages and replies, timers and deadlines while they do', async () => {
    const { sender, outbox, connect } = ends(8, { pollMs });
    const { receiver, close } = connect(pollMs);
    const held = Promise.withResolvers<Letter<string, string>>();
    const drained = receiver.drain((letter) => {
      if (letter.message === 'hold') held.resolve(letter);
      else letter.reply(letter.message.toUpperCase());
    });
    const asked = Array.from('abcdefgh', (message) => sender.ask(message));
    expect((await Promise.all(asked)).join('')).toBe('ABCDEFGH');
    await expect(sender.ask('hold', { remainingMs: 500 })).rejects.toMatchObject({ code: 'OWNER_TIMEOUT' });
    (await held.promise).reply('too late');
    expect(await sender.ask('i')).toBe('I');
    expect(outbox.outstanding).toBe(0);
    receiver.expectNoMore();
    sender[Symbol.dispose]();
    await drained;
    close();
  });
});

describe('an ask', () => {
  it('leaves nothing behind when it is aborted, and says whether it was sent', async () => {
    const { sender, outbox, connect } = ends(8);
    const unsent = new AbortController();
    const waits = sender.ask('never sent', { signal: unsent.signal });
    unsent.abort(new Error('gone'));
    await expect(waits).rejects.toThrow('gone');

    const next = letters(connect().receiver);
    const sent = new AbortController();
    const asked = sender.ask('sent', { signal: sent.signal });
    const letter = await next();
    sent.abort();
    await expect(asked).rejects.toMatchObject({ code: 'OWNER_TIMEOUT', outcome: 'unknown' });
    expect(outbox.outstanding).toBe(0);
    letter.reply('too late'); // finds nobody, and does no harm
    const after = sender.ask('after');
    (await next()).reply('fine');
    expect(await after).toBe('fine');
  });

  it('ends at its deadline', async () => {
    const { sender, outbox, connect } = ends(8);
    connect();
    await expect(sender.ask('slow', { remainingMs: 5 })).rejects.toMatchObject({ code: 'OWNER_TIMEOUT' });
    expect(outbox.outstanding).toBe(0);
  });

  it('is rejected when the receiver dies with it, and the next receiver gets what was not sent', async () => {
    const { sender, connect } = ends(1);
    const first = connect();
    const taken = sender.ask('taken');
    const waiting = sender.ask('waits for room');
    await new Promise(setImmediate); // the first has gone, the second waits for its room
    first.close();
    await expect(taken).rejects.toMatchObject({ code: 'OWNER_TIMEOUT', outcome: 'unknown' });
    const next = letters(connect().receiver);
    const letter = await next();
    expect(letter.message).toBe('waits for room');
    letter.reply('served');
    expect(await waiting).toBe('served');
  });
});
