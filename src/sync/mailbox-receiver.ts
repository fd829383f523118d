/**
 * The receiving end of a mailbox: `for await (const letter of receiver)` until the last sender is gone.
 *
 * Guarantee: messages of one thread come in order; the loop ends when every sender has ended and all that was sent has
 * been received. A letter is answered once. Not more than the mailbox's capacity is sent and not received, also while a
 * sender's thread is replaced: its successor sends once what the dead one had sent is received (`Permits`).
 * With `drain`, no sender waits for the next messages of another (`FairTurns`). A reply that cannot be cloned, and a
 * handler that throws, fail their own letter.
 * Cost: a few microtasks per message, and a turn of the event loop per `LETTERS_PER_TURN`, which `drain` does without; the replies of one turn travel as one batch.
 * Where it may poll, `drain` stays awake for the next batch; `BusyPoll` says what that costs.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { DeadlineError, MisuseError } from '../errors.ts';
import { toWire } from '../wire-error.ts';
import { BusyPoll } from './busy-poll.ts';
import { FairTurns } from './fair-turns.ts';
import type { Batch, ReplyTiming } from './mailbox.ts';
import { Line } from './mailbox-line.ts';
import type { Permits } from './permits.ts';
import { processNowMs } from './process-clock.ts';

/** The loop takes out so many letters that are there already, and then lets the event loop turn. */
export const LETTERS_PER_TURN = 64;

/** A received message and its one reply. */
export class Letter<M, R> {
  readonly message: M;
  /** When the sender stops to wait, on the process' clock; Infinity when it never does. */
  readonly deadlineMs: number;
  /** Whether the sender wants to know where the time went. */
  readonly timed: boolean;
  readonly #id: number;
  #line: Line<M, R> | undefined;

  constructor(line: Line<M, R>, [firstId, messages, deadlinesMs, timed]: Batch<M>, index: number) {
    this.#line = line;
    this.#id = firstId + index;
    this.message = messages[index]!;
    this.deadlineMs = deadlinesMs === undefined ? Infinity : deadlinesMs[index]!;
    this.timed = timed !== undefined && timed.includes(index);
  }

  /** How long the sender still waits from now, in milliseconds. */
  get remainingMs(): number {
    return this.deadlineMs === Infinity ? Infinity : Math.max(0, this.deadlineMs - processNowMs());
  }

  /** Whether nobody waits for the reply any more: the deadline has passed, or the sender has given up before it. */
  get isAbandoned(): boolean {
    return this.remainingMs <= 0 || this.#line?.isWithdrawn(this.#id) === true;
  }

  get isAnswered(): boolean {
    return this.#line === undefined;
  }

  /** Answers that the deadline came before anything was begun, and counts it. @throws {MisuseError} it was answered already */
  skip(): void {
    this.#line?.countSkipped();
    this.fail(new DeadlineError());
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
  /** By position, the oldest first: only the first one is open. */
  readonly #lines = new Map<number, Line<M, R>[]>();
  readonly #turns: FairTurns<unknown>;
  /** Batches that `drain` has not handed out to the end. */
  #unhanded = 0;
  /** By the loop. */
  #taken = 0;
  #senders = 0;
  #moreSenders = true;
  #news: PromiseWithResolvers<void> | undefined;
  #handle: ((letter: Letter<M, R>) => void) | undefined;

  /**
   * @param pollMs how long to stay awake for the next messages; see `BusyPoll`
   * @param turns the thread's, which may have several receivers
   */
  constructor(permits: Permits, pollMs = 0, turns = new FairTurns<unknown>()) {
    this.#permits = permits;
    this.#turns = turns;
    permits.reset(); // whoever received before is gone, with all that it had not taken out
    this.#poll = new BusyPoll(pollMs);
  }

  /** Receives from one more sender, which lives at `position`. Whoever sent from there before is gone. */
  connect(port: MessagePort, position: number): void {
    const lines = this.#lines.get(position) ?? [];
    this.#lines.set(position, lines);
    lines.at(-1)?.end();
    this.#senders += 1;
    const line: Line<M, R> = new Line(port, position, this.#permits, {
      onBatch: (batch) => {
        this.#poll.arrived();
        if (this.#handle !== undefined) return this.#queue(this.#handle, line, batch, 0);
        this.#deliveries.push({ batch, line, taken: 0 });
        this.#notify();
      },
      onEnd: () => {
        this.#senders -= 1;
        this.#notify();
      },
      onDone: () => this.#openNext(lines),
    });
    lines.push(line);
    this.#openNext(lines);
  }

  #openNext(lines: Line<M, R>[]): void {
    while (lines[0]?.isDone === true) lines.shift()!.close();
    lines[0]?.open();
  }

  /** No further `connect` will come: the loop ends once the senders there are have ended. */
  expectNoMore(): void {
    this.#moreSenders = false;
    this.#notify();
  }

  /**
   * Hands every letter to `handle`, and sends what it answers in one turn of the event loop as one batch; a turn ends after
   * `TURN_MS`. Instead of the loop: half of the time of a letter is what the loop adds. Resolves when the loop would end.
   */
  async drain(handle: (letter: Letter<M, R>) => void): Promise<void> {
    this.#handle = handle;
    for (const { line, batch, taken } of this.#deliveries.splice(0)) this.#queue(handle, line, batch, taken);
    while (!this.#isOver) await this.#nextNews();
  }

  /** By hand: an async generator takes twice as long over a letter that is there already. */
  [Symbol.asyncIterator](): AsyncIterator<Letter<M, R>, void, void> {
    return {
      next: () => {
        if (++this.#taken % LETTERS_PER_TURN === 0) return this.#nextInNewTurn();
        const letter = this.#take();
        return letter === undefined ? this.#next() : Promise.resolve({ done: false, value: letter });
      },
    };
  }

  /** Microtasks in a row would keep timers, and what else is due, from running. */
  async #nextInNewTurn(): Promise<IteratorResult<Letter<M, R>, void>> {
    await nextTurn();
    return this.#next();
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
    return this.#senders === 0 && !this.#moreSenders && this.#unhanded === 0;
  }

  #nextNews(): Promise<void> {
    this.#news ??= Promise.withResolvers();
    return this.#news.promise;
  }

  #queue(handle: (letter: Letter<M, R>) => void, line: Line<M, R>, batch: Batch<M>, from: number): void {
    const { length } = batch[1];
    let index = from;
    this.#unhanded += 1;
    this.#turns.add(line, (mayGoOn) => {
      const before = index;
      line.hold();
      try {
        do attempt(handle, new Letter(line, batch, index++));
        while (index < length && mayGoOn());
      } finally {
        line.received(index - before);
        line.send();
      }
      this.#poll.expect(index - before);
      if (index < length) return false;
      this.#unhanded -= 1;
      this.#notify(); // its sender may have been the last
      return true;
    });
  }

  #take(): Letter<M, R> | undefined {
    const delivery = this.#deliveries[0];
    if (delivery === undefined) return undefined;
    const { batch, line } = delivery;
    const letter = new Letter(line, batch, delivery.taken++);
    if (delivery.taken === batch[1].length) this.#deliveries.shift();
    line.received(1);
    return letter;
  }

  #notify(): void {
    this.#news?.resolve();
    this.#news = undefined;
  }
}

/** One letter whose handler throws does not take the others of its batch along. */
function attempt<M, R>(handle: (letter: Letter<M, R>) => void, letter: Letter<M, R>): void {
  try {
    handle(letter);
  } catch (error) {
    if (letter.isAnswered) throw error; // nobody else would hear of it
    letter.fail(error);
  }
}
