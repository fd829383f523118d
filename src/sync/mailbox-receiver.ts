/**
 * The receiving end of a mailbox: `for await (const letter of receiver)` until the last sender is gone.
 *
 * Guarantee: messages of one sender come in order; the loop ends when every sender has ended and all that was sent has
 * been received. A letter is answered once.
 * With `drain`, no sender waits for the next messages of another (`FairTurns`).
 * Cost: a few microtasks per message, which `drain` does without; the replies of one turn travel as one batch.
 * Where it may poll, `drain` stays awake for the next batch; `BusyPoll` says what that costs.
 */
import type { MessagePort } from 'node:worker_threads';
import { MisuseError } from '../errors.ts';
import { toWire, type WireError } from '../wire-error.ts';
import { BusyPoll } from './busy-poll.ts';
import { FairTurns } from './fair-turns.ts';
import type { Batch, ReplyTiming, ToReceiver, ToSender } from './mailbox.ts';
import type { Permits } from './permits.ts';

/** A received message and its one reply. */
export class Letter<M, R> {
  readonly message: M;
  /** How long the sender still waits, in milliseconds, when the message was received. */
  readonly remainingMs: number;
  /** Whether the sender wants to know where the time went. */
  readonly timed: boolean;
  readonly #id: number;
  #line: Line<M, R> | undefined;

  constructor(line: Line<M, R>, [firstId, messages, remainingMs, timed]: Batch<M>, index: number) {
    this.#line = line;
    this.#id = firstId + index;
    this.message = messages[index]!;
    this.remainingMs = remainingMs === undefined ? Infinity : remainingMs[index]!;
    this.timed = timed !== undefined && timed.includes(index);
  }

  /** @throws {MisuseError} it was answered already */
  reply(value: R, timing?: ReplyTiming): void {
    this.#answered().reply(this.#id, value, timing);
  }

  /** Answers with an error, which the sender's ask throws. @throws {MisuseError} it was answered already */
  fail(error: unknown): void {
    this.#answered().fail(this.#id, toWire(error));
  }

  #answered(): Line<M, R> {
    const line = this.#line;
    if (line === undefined) throw new MisuseError('a letter is answered once');
    this.#line = undefined;
    return line;
  }
}

/** Messages that arrived together, and how many of them were taken out. */
interface Delivery<M, R> {
  readonly batch: Batch<M>;
  readonly line: Line<M, R>;
  taken: number;
}

export class Receiver<M, R> implements AsyncIterable<Letter<M, R>> {
  readonly #permits: Permits;
  readonly #poll: BusyPoll;
  readonly #deliveries: Delivery<M, R>[] = [];
  readonly #turns = new FairTurns<Line<M, R>, Batch<M>>(
    (line, batch) => this.#hand(this.#handle!, line, batch, 0),
    () => this.#notify(), // the last sender may have ended
  );
  #senders = 0;
  #moreSenders = true;
  #news: PromiseWithResolvers<void> | undefined;
  #handle: ((letter: Letter<M, R>) => void) | undefined;

  /** @param pollMs how long to stay awake for the next messages; see `BusyPoll` */
  constructor(permits: Permits, pollMs = 0) {
    this.#permits = permits;
    this.#poll = new BusyPoll(pollMs);
  }

  /** Receives from one more sender, which lives at `position`. */
  connect(port: MessagePort, position: number): void {
    this.#senders += 1;
    const line: Line<M, R> = new Line(port, position, {
      onBatch: (batch) => {
        this.#poll.arrived();
        if (this.#handle !== undefined) return this.#turns.add(line, batch);
        this.#deliveries.push({ batch, line, taken: 0 });
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

  /**
   * Hands every letter to `handle`, all that arrived together in one go, and sends what it answers at once as one
   * batch. Instead of the loop: half of the time of a letter is what the loop adds. Resolves when the loop would end.
   */
  async drain(handle: (letter: Letter<M, R>) => void): Promise<void> {
    this.#handle = handle;
    for (const { line, batch, taken } of this.#deliveries.splice(0)) this.#hand(handle, line, batch, taken);
    while (!this.#isOver) await this.#nextNews();
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
      if (this.#isOver) return { done: true, value: undefined };
      await this.#nextNews();
    }
  }

  get #isOver(): boolean {
    return this.#senders === 0 && !this.#moreSenders && this.#turns.isEmpty;
  }

  #nextNews(): Promise<void> {
    this.#news ??= Promise.withResolvers();
    return this.#news.promise;
  }

  #hand(handle: (letter: Letter<M, R>) => void, line: Line<M, R>, batch: Batch<M>, from: number): void {
    const { length } = batch[1];
    this.#permits.give(line.position, length - from);
    line.hold();
    try {
      for (let index = from; index < length; index++) handle(new Letter(line, batch, index));
    } finally {
      line.send();
    }
    this.#poll.expect(length - from);
  }

  #take(): Letter<M, R> | undefined {
    const delivery = this.#deliveries[0];
    if (delivery === undefined) return undefined;
    const { batch, line } = delivery;
    const letter = new Letter(line, batch, delivery.taken++);
    if (delivery.taken === batch[1].length) this.#deliveries.shift();
    this.#permits.give(line.position, 1);
    return letter;
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
  #ids: number[] = [];
  #values: (R | undefined)[] = [];
  #errors: (readonly [id: number, error: WireError])[] | undefined;
  #timings: (readonly [id: number, timing: ReplyTiming])[] | undefined;
  #held = false;
  #unanswered = 0;
  #ended = false;

  constructor(
    port: MessagePort,
    position: number,
    { onBatch, onEnd }: { readonly onBatch: (batch: Batch<M>) => void; readonly onEnd: () => void },
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
      this.#unanswered += batch[1].length;
      onBatch(batch);
    });
    port.on('close', end);
  }

  reply(id: number, value: R, timing: ReplyTiming | undefined): void {
    if (timing !== undefined) (this.#timings ??= []).push([id, timing]);
    this.#answer(id, value);
  }

  fail(id: number, error: WireError): void {
    (this.#errors ??= []).push([id, error]);
    this.#answer(id, undefined);
  }

  /** What is answered until `send` travels together; without it, what is answered in one turn. */
  hold(): void {
    this.#held = true;
  }

  send(): void {
    this.#held = false;
    const ids = this.#ids;
    if (ids.length === 0) return;
    const replies = [ids, this.#values, this.#errors, this.#timings] as const;
    this.#ids = [];
    this.#values = [];
    this.#errors = undefined;
    this.#timings = undefined;
    this.#unanswered -= ids.length;
    this.#port.postMessage(replies satisfies ToSender<R>);
    this.#closeIfDone();
  }

  #answer(id: number, value: R | undefined): void {
    this.#values.push(value);
    if (this.#ids.push(id) === 1 && !this.#held) setImmediate(() => this.send());
  }

  #closeIfDone(): void {
    if (this.#ended && this.#unanswered === 0) this.#port.close();
  }
}
