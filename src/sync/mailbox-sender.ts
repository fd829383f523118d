/**
 * The sending end of a mailbox: a handle that its holder drops when it will send no more. Handles are cloned, not
 * shared, so that "the last sender is gone" is something that happens.
 */
import { MisuseError } from '../errors.ts';
import type { Outbox } from './mailbox-outbox.ts';
import type { WaitOptions } from './wait.ts';

export class Sender<M, R> implements Disposable {
  readonly #outbox: Outbox<M, R>;
  readonly #handles: { count: number };
  #dropped = false;

  constructor(outbox: Outbox<M, R>, handles: { count: number } = { count: 0 }) {
    this.#outbox = outbox;
    this.#handles = handles;
    handles.count += 1;
  }

  /** Another sender into the same mailbox; each is dropped by itself. @throws {MisuseError} this one was dropped */
  clone(): Sender<M, R> {
    this.#assertHeld();
    return new Sender(this.#outbox, this.#handles);
  }

  /**
   * Sends a message and waits for the reply.
   *
   * @throws {MailboxFullError} no permit in time; nothing changed
   * @throws {DeadlineError} the deadline came, or the signal's reason, before the message was sent; nothing changed
   * @throws {OwnerTimeoutError} {OwnerLostError} sent, but not answered: nobody can know
   * @throws what the receiver answered with
   */
  ask(message: M, options?: WaitOptions): Promise<R> {
    this.#assertHeld();
    return this.#outbox.ask(message, options);
  }

  /** Drops this sender. The receiver ends once it was the last and all that was sent has been received. */
  [Symbol.dispose](): void {
    if (this.#dropped) return;
    this.#dropped = true;
    this.#handles.count -= 1;
    if (this.#handles.count === 0) this.#outbox.close();
  }

  #assertHeld(): void {
    if (this.#dropped) throw new MisuseError('this sender was dropped; clone one that is still held');
  }
}
