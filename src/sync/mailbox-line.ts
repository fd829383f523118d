/** One sender as the receiver of a mailbox sees it: what comes from it, and the replies that go to it. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { MisuseError } from '../errors.ts';
import { toWire, type WireError } from '../wire-error.ts';
import type { Batch, Replies, ReplyTiming, ToReceiver, ToSender } from './mailbox.ts';
import type { Permits } from './permits.ts';

interface LineEvents<M> {
  readonly onBatch: (batch: Batch<M>) => void;
  /** No more will come. */
  readonly onEnd: () => void;
  /** No more will come, and all that came was received. */
  readonly onDone: () => void;
}

/** Its port closes once the sender has ended and has all its replies. */
export class Line<M, R> {
  readonly position: number;
  readonly #port: MessagePort;
  readonly #permits: Permits;
  readonly #events: LineEvents<M>;
  #account: number | undefined;
  #ids: number[] = [];
  #values: (R | undefined)[] = [];
  #errors: (readonly [id: number, error: WireError])[] | undefined;
  #timings: (readonly [id: number, timing: ReplyTiming])[] | undefined;
  #held = false;
  #unreceived = 0;
  #unanswered = 0;
  #ended = false;

  constructor(port: MessagePort, position: number, permits: Permits, events: LineEvents<M>) {
    this.#port = port;
    this.position = position;
    this.#permits = permits;
    this.#events = events;
    port.on('message', (message: ToReceiver<M>) => this.#onMessage(message));
    port.on('close', () => this.#end());
  }

  /** Whether the sender has ended, and all that it sent was received. */
  get isDone(): boolean {
    return this.#ended && this.#unreceived === 0;
  }

  /** Lets the sender send. */
  open(): void {
    if (this.#account !== undefined) return;
    this.#account = this.#permits.open(this.position);
    this.#port.postMessage(this.#account satisfies ToSender<R>);
  }

  /** Takes back what the sender had of the mailbox's room. */
  close(): void {
    if (this.#account !== undefined) this.#permits.close(this.position, this.#account);
  }

  /** The sender's thread is gone: what it has sent is all there will be. */
  end(): void {
    if (this.#ended) return;
    for (let next = receiveMessageOnPort(this.#port); next !== undefined; next = receiveMessageOnPort(this.#port)) {
      this.#onMessage((next as { readonly message: ToReceiver<M> }).message);
    }
    this.#port.close();
    this.#end();
  }

  /** So many messages were taken out. */
  received(count: number): void {
    this.#unreceived -= count;
    if (this.#account !== undefined) this.#permits.give(this.position, this.#account, count);
    if (this.isDone) this.#events.onDone();
  }

  isWithdrawn(id: number): boolean {
    return this.#permits.isWithdrawn(this.position, id);
  }

  countSkipped(): void {
    this.#permits.countSkipped(this.position);
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
    try {
      this.#port.postMessage(replies satisfies ToSender<R>);
    } catch {
      this.#sendEach(replies); // they are cloned as a whole or not at all
    }
    this.#closeIfDone();
  }

  #sendEach([ids, values, errors, timings]: Replies<R>): void {
    const failed = new Map(errors);
    const timed = new Map(timings);
    for (const [index, id] of ids.entries()) {
      const error = failed.get(id);
      const timing = timed.get(id);
      const timingOf = timing === undefined ? undefined : ([[id, timing]] as const);
      const errorsOf = error === undefined ? undefined : ([[id, error]] as const);
      try {
        this.#port.postMessage([[id], [values[index]], errorsOf, timingOf] satisfies ToSender<R>);
      } catch (cause) {
        const why = `the reply cannot be cloned: ${toWire(cause).message}`;
        const instead = toWire(new MisuseError(why, 'unknown'));
        this.#port.postMessage([[id], [undefined], [[id, instead]], undefined] satisfies ToSender<R>);
      }
    }
  }

  #onMessage(message: ToReceiver<M>): void {
    if (message === 'end') return this.#end();
    this.#unreceived += message[1].length;
    this.#unanswered += message[1].length;
    this.#events.onBatch(message);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.onEnd();
    if (this.isDone) this.#events.onDone();
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
