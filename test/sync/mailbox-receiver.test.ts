import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { FairTurns } from '../../src/sync/fair-turns.ts';
import { LOCK_WORDS } from '../../src/sync/lock-line.ts';
import type { Batch, ToReceiver } from '../../src/sync/mailbox.ts';
import { LETTERS_PER_TURN, Receiver } from '../../src/sync/mailbox-receiver.ts';
import { Permits } from '../../src/sync/permits.ts';
import { SyncMutex } from '../../src/sync/sync-mutex.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';

/** A receiver, and the ports of so many senders. */
function receiverOf(senders: number, turns?: FairTurns<unknown>) {
  const threads = new ThreadTable(new SharedArrayBuffer(ThreadTable.bytes));
  const mutex = new SyncMutex(new Int32Array(LOCK_WORDS), 0, { name: 'permits', slot: 1, timeoutMs: 1_000 });
  const permits = new Permits(new SharedArrayBuffer(Permits.bytes), 0, 8, mutex, threads);
  const receiver = new Receiver<string, string>(permits, 0, turns);
  const ports = Array.from({ length: senders }, (_, position): MessagePort => {
    const { port1, port2 } = new MessageChannel();
    receiver.connect(port2, position);
    return port1;
  });
  receiver.expectNoMore();
  return { receiver, ports };
}

const message = (text: string): Batch<string> => [1, [text], undefined, undefined];

it('lets no sender wait behind the next messages of another', async () => {
  const { receiver, ports } = receiverOf(2);
  const [eager, other] = ports as [MessagePort, MessagePort];
  const order: string[] = [];
  const drained = receiver.drain((letter) => {
    order.push(letter.message);
    letter.reply('');
    if (letter.message !== 'eager' || order.length > 100) return;
    eager.postMessage(message('eager')); // before this one is done with
  });
  eager.postMessage(message('eager'));
  other.postMessage(message('other'));
  while (order.length <= 100) await new Promise((resolve) => setImmediate(resolve));
  expect(order.indexOf('other')).toBeLessThanOrEqual(2);
  for (const port of ports) port.postMessage('end' satisfies ToReceiver<string>);
  await drained;
});

it('begins each turn with another sender, and keeps the order of each', async () => {
  const { receiver, ports } = receiverOf(3);
  let turn: string[] = [];
  const drained = receiver.drain((letter) => {
    turn.push(letter.message);
    letter.reply('');
  });
  const turns: string[][] = [];
  for (let round = 0; round < 4; round++) {
    turn = [];
    for (const [sender, port] of ports.entries()) for (const at of [1, 2]) port.postMessage(message(`${sender}.${at}`));
    while (turn.length < 6) await new Promise((resolve) => setImmediate(resolve));
    turns.push(turn);
  }
  expect(new Set(turns.map(([first]) => first))).toEqual(new Set(['0.1', '1.1', '2.1']));
  for (const order of turns) {
    for (const sender of [0, 1, 2]) expect(order.indexOf(`${sender}.1`)).toBeLessThan(order.indexOf(`${sender}.2`));
  }
  for (const port of ports) port.postMessage('end' satisfies ToReceiver<string>);
  await drained;
});

it('does not order two threads by who sent first', async () => {
  const { receiver, ports } = receiverOf(2);
  const order: string[] = [];
  const drained = receiver.drain((letter) => {
    order.push(letter.message);
    letter.reply('');
  });
  const firsts: string[] = [];
  for (let round = 0; round < 2; round++) {
    order.length = 0;
    ports[0]!.postMessage(message('sent first'));
    ports[1]!.postMessage(message('sent second'));
    while (order.length < 2) await new Promise((resolve) => setImmediate(resolve));
    firsts.push(order[0]!);
  }
  expect(firsts.toSorted()).toEqual(['sent first', 'sent second']); // once each
  for (const port of ports) port.postMessage('end' satisfies ToReceiver<string>);
  await drained;
});

it('lets the event loop turn between letters that take long, and others have theirs meanwhile', async () => {
  let nowMs = 0;
  const { receiver, ports } = receiverOf(2, new FairTurns(() => nowMs));
  const order: string[] = [];
  let [inThisTurn, most] = [0, 0];
  const drained = receiver.drain((letter) => {
    order.push(letter.message);
    most = Math.max(most, ++inThisTurn);
    nowMs += 0.5; // half of what a turn has time for
    letter.reply('');
  });
  const many = Array.from({ length: 20 }, (_, at) => `a${at}`);
  const few = ['b0', 'b1'];
  for (const [sender, texts] of [many, few].entries()) {
    ports[sender]!.postMessage([1, texts, undefined, undefined] satisfies Batch<string>);
  }
  while (order.length < 22) {
    inThisTurn = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(most).toBe(2);
  expect(order.slice(0, 4)).toEqual(expect.arrayContaining(few));
  expect(order.filter((text) => text.startsWith('a'))).toEqual(many);
  for (const port of ports) port.postMessage('end' satisfies ToReceiver<string>);
  await drained;
});

it('ends only after what the last sender sent has been handed out', async () => {
  const { receiver, ports } = receiverOf(1);
  const got: string[] = [];
  const drained = receiver.drain((letter) => {
    got.push(letter.message);
    letter.reply('');
  });
  ports[0]!.postMessage(message('last'));
  ports[0]!.postMessage('end' satisfies ToReceiver<string>);
  await drained;
  expect(got).toEqual(['last']);
});

it('lets the event loop turn between letters that are there already, taken out one by one', async () => {
  const { receiver, ports } = receiverOf(1);
  const count = 10 * LETTERS_PER_TURN;
  const texts = Array.from({ length: count }, () => 'hello');
  ports[0]!.postMessage([1, texts, undefined, undefined] satisfies Batch<string>);
  let most = 0;
  let inThisTurn = 0;
  let received = 0;
  const turn = (): void => {
    inThisTurn = 0;
    if (received < count) setImmediate(turn);
  };
  turn();
  for await (const letter of receiver) {
    most = Math.max(most, ++inThisTurn);
    letter.reply('');
    if (++received === count) break;
  }
  expect(most).toBeLessThanOrEqual(LETTERS_PER_TURN);
  ports[0]!.close();
});
