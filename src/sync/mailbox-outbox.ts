/**
 * What all senders of one thread share: the messages that wait to be sent, and the replies that are waited for.
 *
 * Guarantee: a message is sent once or not at all; an ask ends with its reply, its deadline, its abort, or the loss of
 * the receiver, whichever comes first, and leaves nothing behind. Messages of one sender arrive in order.
 * Cost: the messages of one turn of the event loop travel as one batch; sending them one by one is three times slower.
 */
import type { MessagePort } from 'node:worker_threads';
import { DeadlineError, MailboxFullError, OwnerLostError, OwnerTimeoutError, ShuttingDownError } from '../errors.ts';
import { fromWire } from '../wire-error.ts';
import type { Doorbell } from './doorbell.ts';
import type { ToReceiver, ToSender } from './mailbox.ts';
import { Oneshot } from './oneshot.ts';
import type { Permits } from './permits.ts';
import type { WaitOptions } from './wait.ts';

export interface OutboxOptions {
  /** Appears in errors. */
  readonly name: string;
  readonly permits: Permits;
  /** The calling thread's position. */
  readonly position: number;
  readonly doorbell: Doorbell;
  /** Longest wait for a permit, in milliseconds. */
  readonly waitMs: number;
  /** Messages of this thread that may wait for a permit; more are refused at once. */
  readonly maxWaiting: number;
  /** Called once the last message has gone and no more will come. */
  readonly onEnd?: () => void;
}

interface Ask<M, R> {
  readonly id: number;
  readonly message: M;
  readonly options: WaitOptions;
  readonly oneshot: Oneshot<R>;
  readonly startedMs: number;
}

export class Outbox<M, R> {
  readonly #options: OutboxOptions;
  /** Not sent yet, in order. An array, since few leave it from the middle, and a map costs more than the message. */
  #outbox: Ask<M, R>[] = [];
  /** Sent, not answered yet. */
  readonly #pending = new Map<number, Ask<M, R>>();
  #port: MessagePort | undefined;
  #lastId = 0;
  #flushing = false;
  #waiting = false;
  #giveUp: NodeJS.Timeout | undefined;
  #closing = false;
  #ended = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
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
    this.#options.permits.clear(this.#options.position);
    this.#port = port;
    port.on('message', (replies: ToSender<R>) => this.#onReplies(replies));
    port.on('close', () => {
      if (this.#port === port) this.#lose();
    });
    this.#rest();
    this.#flushSoon();
  }

  /**
   * Sends a message and waits for the reply.
   *
   * @throws {MailboxFullError} no permit in time; nothing changed
   * @throws {DeadlineError} the deadline came, or the signal's reason, before the message was sent; nothing changed
   * @throws {OwnerTimeoutError} {OwnerLostError} sent, but not answered: nobody can know
   * @throws what the receiver answered with
   */
  ask(message: M, options: WaitOptions = {}): Promise<R> {
    options.signal?.throwIfAborted();
    const { name, maxWaiting, permits } = this.#options;
    if (this.#closing) return Promise.reject(new ShuttingDownError(`the mailbox "${name}" takes no more messages`));
    if (this.#waiting && this.#outbox.length >= maxWaiting)
      return Promise.reject(new MailboxFullError(name, permits.capacity));
    const id = ++this.#lastId;
    const oneshot = new Oneshot<R>(options, (reason) => this.#onLate(id, reason));
    if (this.outstanding === 0) this.#port?.ref(); // somebody waits: the thread stays
    this.#outbox.push({ id, message, options, oneshot, startedMs: performance.now() });
    this.#flushSoon();
    return oneshot.promise;
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
    if (this.#port === undefined || this.#outbox.length === 0) return;
    const { permits, position } = this.#options;
    let granted = permits.take(position, this.#outbox.length);
    if (granted < this.#outbox.length) {
      this.#beginWaiting();
      granted += permits.take(position, this.#outbox.length - granted); // one may have come before our bit was set
    }
    if (granted === this.#outbox.length) this.#endWaiting();
    if (granted > 0) this.#post(granted);
    this.#endIfDone();
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
    const batch = sent.map((ask) => {
      this.#pending.set(ask.id, ask);
      return [ask.id, ask.message, ask.options.remainingMs ?? Infinity, ask.options.timing !== undefined] as const;
    });
    this.#port!.postMessage(batch satisfies ToReceiver<M>);
  }

  #beginWaiting(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    const { permits, position, doorbell, waitMs } = this.#options;
    permits.setWaiting(position, true);
    doorbell.waitBegan();
    this.#giveUp = setTimeout(() => this.#refuseLate(), waitMs);
  }

  #endWaiting(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    clearTimeout(this.#giveUp);
    this.#options.permits.setWaiting(this.#options.position, false);
    this.#options.doorbell.waitEnded();
  }

  /** Refuses those that have waited long enough for a permit, and looks again when the next one will have. */
  #refuseLate(): void {
    const { name, permits, waitMs } = this.#options;
    const nowMs = performance.now();
    for (let ask = this.#outbox[0]; ask !== undefined; ask = this.#outbox[0]) {
      const leftMs = ask.startedMs + waitMs - nowMs;
      if (leftMs > 0) {
        this.#giveUp = setTimeout(() => this.#refuseLate(), leftMs);
        return;
      }
      this.#outbox.shift();
      ask.oneshot.reject(new MailboxFullError(name, permits.capacity));
    }
    this.#endWaiting();
    this.#endIfDone();
    this.#rest();
  }

  /** @returns the error that ends the wait; the reply slot is free after it */
  #onLate(id: number, reason: unknown): unknown {
    const unsent = this.#outbox.findIndex((ask) => ask.id === id);
    const { startedMs } = this.#pending.get(id) ?? this.#outbox[unsent]!;
    const waitedMs = Math.round(performance.now() - startedMs);
    if (unsent === -1) this.#pending.delete(id);
    else this.#outbox.splice(unsent, 1);
    this.#endIfDone();
    this.#rest();
    if (unsent !== -1) return reason ?? new DeadlineError(waitedMs);
    return new OwnerTimeoutError(this.#options.name, waitedMs);
  }

  #onReplies(replies: ToSender<R>): void {
    for (const [id, value, error, timing] of replies) {
      const ask = this.#pending.get(id);
      if (ask === undefined) continue; // nobody waits any more
      this.#pending.delete(id);
      if (timing !== undefined) {
        const { holdMs, originMs } = timing;
        ask.options.timing?.add('wait', performance.now() - ask.startedMs - holdMs - originMs);
        ask.options.timing?.add('hold', holdMs);
        if (originMs > 0) ask.options.timing?.add('origin', originMs);
      }
      if (error === undefined) ask.oneshot.resolve(value as R);
      else ask.oneshot.reject(fromWire(error));
    }
    this.#rest();
  }

  /** The receiver is gone: what it had taken has an unknown outcome. What was not sent waits for the next receiver. */
  #lose(): void {
    this.#port?.close();
    this.#port = undefined;
    for (const ask of this.#pending.values()) ask.oneshot.reject(new OwnerLostError(this.#options.name));
    this.#pending.clear();
  }
}
