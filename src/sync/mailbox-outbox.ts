/**
 * What all senders of one thread share: the messages that wait to be sent, and the replies that are waited for.
 *
 * Guarantee: a message is sent once or not at all; an ask ends with its reply, its deadline, its abort, or the loss of
 * the receiver, whichever comes first, and leaves nothing behind. Messages of one thread arrive in order. One that
 * cannot be cloned fails alone.
 * Cost: the messages of one turn of the event loop travel as one batch; sending them one by one is three times slower.
 * Where it may poll, it stays awake for the replies to a batch; `BusyPoll` says what that costs.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import {
  DeadlineError,
  MailboxFullError,
  MisuseError,
  OwnerLostError,
  OwnerTimeoutError,
  ShuttingDownError,
} from '../errors.ts';
import { toWire } from '../wire-error.ts';
import { BusyPoll } from './busy-poll.ts';
import { EXPIRED_PER_TURN } from './deadlines.ts';
import type { Doorbell } from './doorbell.ts';
import { Ask, batchOf } from './mailbox-ask.ts';
import { PendingAsks } from './mailbox-pending.ts';
import type { ToReceiver, ToSender } from './mailbox.ts';
import type { Permits } from './permits.ts';
import type { WaitOptions } from './wait.ts';

export interface OutboxOptions {
  /** Appears in errors. */
  readonly name: string;
  readonly permits: Permits;
  /** The calling thread's position. */
  readonly position: number;
  readonly doorbell: Doorbell;
  /** Longest wait for a permit, or for a receiver, in milliseconds. */
  readonly waitMs: number;
  /** Messages of this thread that may wait for a permit, or for a receiver; more are refused at once. */
  readonly maxWaiting: number;
  /** How long to stay awake for replies; see `BusyPoll`. Not at all by default. */
  readonly pollMs?: number;
  /** Called once the last message has gone and no more will come. */
  readonly onEnd?: () => void;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Outbox<M, R> {
  readonly #options: OutboxOptions;
  /** Not sent yet, in order. An array, since few leave it from the middle, and a map costs more than the message. */
  #outbox: Ask<M, R>[] = [];
  /** Sent, not answered yet. */
  readonly #pending = new PendingAsks<M, R>();
  #port: MessagePort | undefined;
  /** Where its permits are taken from; undefined until the receiver has opened it. */
  #account: number | undefined;
  readonly #poll: BusyPoll;
  #lastId = 0;
  #flushing = false;
  #waiting = false;
  #giveUp: NodeJS.Timeout | undefined;
  /** One timer for all deadlines, due when the first may have come: one per ask costs more than the message. */
  #sweep: NodeJS.Timeout | undefined;
  #sweepDueMs = Infinity;
  #closing = false;
  #ended = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#poll = new BusyPoll(options.pollMs ?? 0);
    options.doorbell.onRing(() => {
      if (this.#waiting) this.#flush();
    });
  }

  /** Asks that wait for a permit or for a reply. */
  get outstanding(): number {
    return this.#outbox.length + this.#pending.size;
  }

  /** Sends through `port` from now on. What an earlier receiver had taken and not answered is rejected. */
  connect(port: MessagePort): void {
    this.#lose();
    this.#port = port;
    port.on('message', (message: ToSender<R>) => {
      if (typeof message === 'number') return this.#opened(message);
      this.#poll.arrived();
      this.#pending.settle(message);
      this.#rest();
    });
    port.on('close', () => {
      if (this.#port === port) this.#lose();
    });
    this.#openAccount();
    this.#rest();
    this.#flushSoon();
  }

  /** Sends a message and waits for the reply; `Sender.ask` says how it may end. */
  ask(message: M, options: WaitOptions = {}): Promise<R> {
    options.signal?.throwIfAborted();
    const { name, maxWaiting, permits } = this.#options;
    if (this.#closing) return Promise.reject(new ShuttingDownError(`the mailbox "${name}" takes no more messages`));
    if ((this.#waiting || this.#account === undefined) && this.#outbox.length >= maxWaiting)
      return Promise.reject(new MailboxFullError(name, permits.capacity, this.#account !== undefined));
    const ask = new Ask<M, R>(message, options, performance.now());
    if (options.signal !== undefined) ask.watch(options.signal, (reason) => this.#endLate(ask, reason));
    if (ask.untilMs < this.#sweepDueMs) this.#armSweep(ask.untilMs, ask.startedMs);
    if (this.outstanding === 0) this.#port?.ref(); // somebody waits: the thread stays
    this.#outbox.push(ask);
    this.#flushSoon();
    return ask.promise;
  }

  /** No more will come. What is here is still sent and answered; then the receiver is told. */
  close(): void {
    this.#closing = true;
    this.#flush();
    this.#endIfDone();
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#outbox.length === 0) return;
    const account = this.#openAccount();
    if (account === undefined) return this.#armGiveUp();
    const { permits, position } = this.#options;
    let granted = 0;
    let failure: { readonly error: unknown } | undefined;
    try {
      granted = permits.take(position, account, this.#outbox.length);
      if (granted < this.#outbox.length) {
        this.#beginWaiting();
        // one may have come before our bit was set
        granted += permits.take(position, account, this.#outbox.length - granted);
      }
    } catch (error) {
      failure = { error }; // nobody is above us: thrown further, it would end the thread
    }
    if (granted > 0) this.#post(granted);
    if (failure !== undefined) for (const ask of this.#outbox.splice(0)) ask.reject(failure.error);
    if (this.#outbox.length === 0) this.#endWaiting();
    this.#endIfDone();
    this.#rest();
  }

  /** The receiver has taken out what the last thread on this position had sent, and takes messages of this one. */
  #opened(account: number): void {
    this.#account = account;
    this.#flush();
  }

  /** Its number may have come already, which needs no turn of the event loop then. */
  #openAccount(): number | undefined {
    if (this.#account !== undefined || this.#port === undefined) return this.#account;
    const first: { readonly message: number } | undefined = receiveMessageOnPort(this.#port);
    return (this.#account = first?.message);
  }

  #endIfDone(): void {
    if (!this.#closing || this.#ended || this.#outbox.length > 0) return;
    this.#ended = true;
    this.#port?.postMessage('end' satisfies ToReceiver<M>);
    this.#options.onEnd?.();
  }

  /** Nobody waits any more: the port alone does not keep the thread alive. */
  #rest(): void {
    if (this.outstanding === 0) this.#port?.unref();
  }

  #post(count: number): void {
    const sent = this.#outbox;
    this.#outbox = sent.splice(count);
    const batch = batchOf<M>(sent, this.#lastId + 1);
    for (const ask of sent) {
      ask.id = ++this.#lastId;
      this.#pending.add(ask);
    }
    try {
      this.#port!.postMessage(batch satisfies ToReceiver<M>);
    } catch {
      for (const ask of sent) this.#postAlone(ask); // a batch is cloned as a whole or not at all
    }
    this.#poll.expect(count);
  }

  #postAlone(ask: Ask<M, R>): void {
    try {
      this.#port!.postMessage(batchOf<M>([ask], ask.id) satisfies ToReceiver<M>);
    } catch (error) {
      const { name, permits, position } = this.#options;
      this.#pending.delete(ask.id);
      permits.give(position, this.#account!, 1);
      ask.reject(new MisuseError(`a message to the mailbox "${name}" cannot be cloned: ${toWire(error).message}`));
    }
  }

  #beginWaiting(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    const { permits, position, doorbell } = this.#options;
    permits.setWaiting(position, true);
    doorbell.waitBegan();
    this.#armGiveUp();
  }

  #armGiveUp(): void {
    this.#giveUp ??= setTimeout(() => this.#refuseLate(), this.#options.waitMs);
  }

  #endWaiting(): void {
    if (this.#giveUp !== undefined) clearTimeout(this.#giveUp);
    this.#giveUp = undefined;
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#options.permits.setWaiting(this.#options.position, false);
    this.#options.doorbell.waitEnded();
  }

  /**
   * Refuses those that have waited long enough for a permit or a receiver, some in each turn of the event loop, and looks
   * again when the next one will have.
   */
  #refuseLate(): void {
    const { name, permits, waitMs } = this.#options;
    this.#giveUp = undefined;
    const nowMs = performance.now();
    let refused = 0;
    for (let ask = this.#outbox[0]; ask !== undefined; ask = this.#outbox[0]) {
      const leftMs = ask.startedMs + waitMs - nowMs;
      if (leftMs > 0 || refused++ === EXPIRED_PER_TURN) {
        this.#giveUp = setTimeout(() => this.#refuseLate(), Math.max(0, leftMs));
        return;
      }
      this.#outbox.shift();
      ask.reject(new MailboxFullError(name, permits.capacity, this.#account !== undefined));
    }
    this.#endWaiting();
    this.#endIfDone();
    this.#rest();
  }

  #armSweep(dueMs: number, nowMs: number): void {
    clearTimeout(this.#sweep);
    this.#sweepDueMs = dueMs;
    this.#sweep = setTimeout(() => this.#endExpired(), Math.min(Math.max(0, dueMs - nowMs), LONGEST_TIMER_MS));
    this.#sweep.unref(); // the port, or the wait for a receiver, keeps the thread
  }

  /** Some in each turn of the event loop: each makes an error, and its caller an answer of that. */
  #endExpired(): void {
    this.#sweepDueMs = Infinity;
    const nowMs = performance.now();
    let nextMs = Infinity;
    let ended = 0;
    for (const ask of [...this.#pending.values(), ...this.#outbox]) {
      // A timer counts whole milliseconds of a clock of its own, and may be early by one.
      if (ask.untilMs > nowMs + 1) nextMs = Math.min(nextMs, ask.untilMs);
      else if (ended++ === EXPIRED_PER_TURN) return this.#endMoreSoon();
      else this.#endLate(ask, undefined);
    }
    if (nextMs < this.#sweepDueMs) this.#armSweep(nextMs, nowMs);
  }

  #endMoreSoon(): void {
    this.#sweepDueMs = -Infinity; // whoever comes meanwhile arms no timer
    setImmediate(() => this.#endExpired());
  }

  /** @param reason the signal's, or undefined for the deadline */
  #endLate(ask: Ask<M, R>, reason: unknown): void {
    const waitedMs = Math.round(performance.now() - ask.startedMs);
    if (this.#pending.delete(ask.id)) {
      this.#options.permits.withdraw(this.#options.position, ask.id);
      ask.reject(new OwnerTimeoutError(this.#options.name, waitedMs));
    } else {
      this.#outbox.splice(this.#outbox.indexOf(ask), 1);
      ask.reject(reason ?? new DeadlineError(waitedMs));
      if (this.#outbox.length === 0) this.#endWaiting();
    }
    this.#endIfDone();
    this.#rest();
  }

  /** The receiver is gone: what it had taken has an unknown outcome. What was not sent waits for the next receiver. */
  #lose(): void {
    this.#port?.close();
    this.#port = undefined;
    this.#account = undefined;
    for (const ask of this.#pending.values()) ask.reject(new OwnerLostError(this.#options.name));
    this.#pending.clear();
    if (this.#outbox.length > 0) this.#armGiveUp();
  }
}
