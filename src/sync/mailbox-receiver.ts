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

  /** @param post sends the reply */
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

/** Messages that arrived together, and how many of them were taken out. */
interface Delivery<M, R> {
  readonly batch: readonly Envelope<M>[];
  readonly line: Line<M, R>;
  taken: number;
}

export class Receiver<M, R> implements AsyncIterable<Letter<M, R>> {
  readonly #permits: Permits;
  readonly #deliveries: Delivery<M, R>[] = [];
  #depth = 0;
  #senders = 0;
  #moreSenders = true;
  #news: PromiseWithResolvers<void> | undefined;

  constructor(permits: Permits) {
    this.#permits = permits;
  }

  /** Messages that have arrived and wait. */
  get depth(): number {
    return this.#depth;
  }

  /** Receives from one more sender, which lives at `position`. */
  connect(port: MessagePort, position: number): void {
    this.#senders += 1;
    const line: Line<M, R> = new Line(port, position, {
      onBatch: (batch) => {
        this.#deliveries.push({ batch, line, taken: 0 });
        this.#depth += batch.length;
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

  /** By hand: an async generator takes twice as long over a letter that is there already. */
  [Symbol.asyncIterator](): AsyncIterator<Letter<M, R>, void, void> {
    return {
      next: () => {
        const letter = this.#take();
        return letter === undefined ? this.#next() : Promise.resolve({ done: false, value: letter });
      },
    };
  }

  async #next(): Promise<IteratorResult<Letter<M, R>, void>> {
    for (;;) {
      const letter = this.#take();
      if (letter !== undefined) return { done: false, value: letter };
      if (this.#senders === 0 && !this.#moreSenders) return { done: true, value: undefined };
      this.#news ??= Promise.withResolvers();
      await this.#news.promise;
    }
  }

  #take(): Letter<M, R> | undefined {
    const delivery = this.#deliveries[0];
    if (delivery === undefined) return undefined;
    const { batch, line } = delivery;
    const envelope = batch[delivery.taken++]!;
    if (delivery.taken === batch.length) this.#deliveries.shift();
    this.#depth -= 1;
    this.#permits.give(line.position, 1);
    return new Letter(envelope, line.post);
  }

  #notify(): void {
    this.#news?.resolve();
    this.#news = undefined;
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

  /** What a letter answers with: the replies of one turn travel together. */
  readonly post = (reply: ReplyEntry<R>): void => {
    this.#replies.push(reply);
    if (this.#replies.length === 1) setImmediate(() => this.#send());
  };

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
