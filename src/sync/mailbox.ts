/**
 * A mailbox: many senders on any threads, one receiver that owns some state, a bound on what waits, and replies.
 *
 * This file has what travels between the two ends and a mailbox within one thread; `mailbox-sender.ts` (on
 * `mailbox-outbox.ts`) and `mailbox-receiver.ts` are the ends.
 *
 * **Ordering**: the messages of one thread are begun in the order in which it sent them, whichever of its handles sent
 * them, also those that waited for room. Between threads there is none, whoever sent first: the receiver takes what has
 * come from each of them round by round, and begins each round with another (`FairTurns`). Only an answer orders: what is
 * sent after it is begun after what it answers. Where a handler awaits, messages end in any order.
 *
 * @see tokio::sync::mpsc and tokio::sync::oneshot, whose contract this follows: bounded by permits, closed when the
 * last sender is gone, drained before it ends
 */
import { MessageChannel } from 'node:worker_threads';
import type { WireError } from '../wire-error.ts';
import { Doorbell } from './doorbell.ts';
import type { FairTurns } from './fair-turns.ts';
import { LOCK_WORDS } from './lock-line.ts';
import { Receiver } from './mailbox-receiver.ts';
import { Outbox } from './mailbox-outbox.ts';
import { Sender } from './mailbox-sender.ts';
import { Permits } from './permits.ts';
import { SyncMutex } from './sync-mutex.ts';
import { ThreadTable } from './thread-table.ts';

/**
 * The messages of one turn of a sender's event loop, side by side: an array for each message takes longer to copy than
 * the message. Their ids count up from the first one.
 */
export type Batch<M> = readonly [
  firstId: number,
  messages: readonly M[],
  /** Until when each sender waits, on the process' clock; undefined when all wait for as long as it takes. */
  deadlinesMs: readonly number[] | undefined,
  /** Which of them want to know where the time went. */
  timed: readonly number[] | undefined,
];

/** What a sender posts: messages, or that it is gone. */
export type ToReceiver<M> = Batch<M> | 'end';

/** Milliseconds that the receiver spent on a message. */
export interface ReplyTiming {
  readonly holdMs: number;
  readonly originMs: number;
}

/** What the receiver posts back: at first the account that permits are taken from, then replies. */
export type ToSender<R> = number | Replies<R>;

/** The replies of one turn at once, with what only few of them have apart. */
export type Replies<R> = readonly [
  ids: readonly number[],
  values: readonly (R | undefined)[],
  errors: readonly (readonly [id: number, error: WireError])[] | undefined,
  timings: readonly (readonly [id: number, timing: ReplyTiming])[] | undefined,
];

/**
 * A mailbox whose ends live in the calling thread.
 *
 * @param capacity messages that may wait to be received
 * @param turns the receiver's; its own when left out
 */
export function mailbox<M, R>(
  capacity: number,
  turns?: FairTurns<unknown>,
): { readonly sender: Sender<M, R>; readonly receiver: Receiver<M, R> } {
  const threads = new ThreadTable(new SharedArrayBuffer(ThreadTable.bytes));
  const slot = ThreadTable.slot(0, 0);
  threads.enter(slot);
  const mutex = new SyncMutex(new Int32Array(LOCK_WORDS), 0, { name: 'mailbox', slot, timeoutMs: 1000 });
  const permits = new Permits(new SharedArrayBuffer(Permits.bytes), 0, capacity, mutex, threads);
  const { port1, port2 } = new MessageChannel();
  const receiver = new Receiver<M, R>(permits, 0, turns);
  receiver.connect(port2, 0);
  receiver.expectNoMore();
  const doorbell = new Doorbell(threads, slot);
  const options = { name: 'mailbox', permits, position: 0, doorbell, waitMs: 1000, maxWaiting: 1024 };
  const outbox = new Outbox<M, R>({ ...options, onEnd: () => doorbell[Symbol.dispose]() });
  outbox.connect(port1);
  return { sender: new Sender(outbox), receiver };
}
