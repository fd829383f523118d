/**
 * The receiving end of a mailbox: `for await (const letter of receiver)` until the last sender is gone.
 *
 * Guarantee: messages of one sender come in order; the loop ends when every sender has ended and all that was sent has
 * been received. A letter is answered once.
 * Cost: a few microtasks per message; the replies of one turn travel as one batch.
 */
import type { MessagePort } from 'node:worker_threads';
import { MisuseError } from '../errors.ts';
import { toWire } from '../wire-error.ts';
import type { Envelope, ReplyTiming, ToReceiver, ToSender } from './mailbox.ts';
import type { Permits } from './permits.ts';

type ReplyEntry<R> = ToSender<R>[number];

/** A received message and its one reply. */
export class Letter<M, R> {
  readonly message: M;
  /** How long the sender still waits, in milliseconds, when the message was received. */
  readonly remainingMs: number;
  /** Whether the sender wants to know where the time went. */
  readonly timed: boolean;
  readonly #id: number;
  #post: ((reply: ReplyEntry<R>) => void) | undefined;

  constructor([id, message, remainingMs, timed]: Envelope<M>, post: (reply: ReplyEntry<R>) => void) {
    this.#id = id;
    this.message = message;
    this.remainingMs = remainingMs;
    this.timed = timed;
    this.#post = post;
  }

  /** @throws {MisuseError} it was answered already */
  reply(value: R, timing?: ReplyTiming): void {
    this.#answer([this.#id, value, undefined, timing]);
  }

  /** Answers with an error, which the sender's ask throws. @throws {MisuseError} it was answered already */
  fail(error: unknown): void {
    this.#answer([this.#id, undefined, toWire(error), undefined]);
  }

  #answer(reply: ReplyEntry<R>): void {
    if (this.#post === undefined) throw new MisuseError('a letter is answered once');
    this.#post(reply);
    this.#post = undefined;
  }
}

export class Receiver<M, R> implements AsyncIterable<Letter<M, R>> {
  readonly #permits: Permits;
  readonly #queue: { readonly envelope: Envelope<M>; readonly line: Line<M, R> }[] = [];
  #next = 0;
  #senders = 0;
  #moreSenders = true;
  #wake: (() => void) | undefined;

  constructor(permits: Permits) {
    this.#permits = permits;
  }

  /** Messages that have arrived and wait. */
  get depth(): number {
    return this.#queue.length - this.#next;
  }

  /** Receives from one more sender, which lives at `position`. */
  connect(port: MessagePort, position: number): void {
    this.#senders += 1;
    const line: Line<M, R> = new Line(port, position, {
      onBatch: (batch) => {
        for (const envelope of batch) this.#queue.push({ envelope, line });
        this.#notify();
      },
      onEnd: () => {
        this.#senders -= 1;
        this.#notify();
      },
    });
  }

  /** No further `connect` will come: the loop ends once the senders there are have ended. */
  expectNoMore(): void {
    this.#moreSenders = false;
    this.#notify();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Letter<M, R>, void, void> {
    for (;;) {
      while (this.#next < this.#queue.length) {
        const { envelope, line } = this.#queue[this.#next++]!;
        this.#permits.give(line.position, 1);
        yield new Letter(envelope, line.expectReply());
      }
      this.#queue.length = 0;
      this.#next = 0;
      if (this.#senders === 0 && !this.#moreSenders) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

/** One sender as the receiver sees it. Its port closes once it has ended and has all its replies. */
class Line<M, R> {
  readonly position: number;
  readonly #port: MessagePort;
  #replies: ReplyEntry<R>[] = [];
  #unanswered = 0;
  #ended = false;

  constructor(
    port: MessagePort,
    position: number,
    { onBatch, onEnd }: { readonly onBatch: (batch: readonly Envelope<M>[]) => void; readonly onEnd: () => void },
  ) {
    this.#port = port;
    this.position = position;
    const end = (): void => {
      if (this.#ended) return;
      this.#ended = true;
      onEnd();
      this.#closeIfDone();
    };
    port.on('message', (batch: ToReceiver<M>) => {
      if (batch === 'end') return end();
      this.#unanswered += batch.length;
      onBatch(batch);
    });
    port.on('close', end);
  }

  /** @returns what a letter answers with: the replies of one turn travel together */
  expectReply(): (reply: ReplyEntry<R>) => void {
    return (reply) => {
      this.#replies.push(reply);
      if (this.#replies.length === 1) setImmediate(() => this.#send());
    };
  }

  #send(): void {
    this.#unanswered -= this.#replies.length;
    this.#port.postMessage(this.#replies satisfies ToSender<R>);
    this.#replies = [];
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#ended && this.#unanswered === 0) this.#port.close();
  }
}
