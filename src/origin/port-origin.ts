import type { MessagePort } from 'node:worker_threads';
import { DocumentsFullError, OriginFailedError, OriginTimeoutError } from '../errors.ts';
import { Deadlines, Expiring } from '../sync/deadlines.ts';
import type { WaitOptions } from '../sync/wait.ts';
import { toWire } from '../wire-error.ts';
import type { OriginReply, OriginRequest } from './embedded.ts';
import type { DeletedDocument, OriginConnection, OriginDocument, OriginWrite, Written } from './origin.ts';

type Answer = Exclude<OriginReply, { readonly failed: string } | { readonly full: string }>;

/** A request that was sent, and who waits for its answer. */
class Pending extends Expiring {
  readonly untilMs: number;
  readonly #answer: PromiseWithResolvers<Answer>;
  readonly #onLate: () => Error;

  /** @param onLate called when no answer has come in time; its error is what the caller gets */
  constructor(timeoutMs: number, answer: PromiseWithResolvers<Answer>, onLate: () => Error) {
    super();
    this.untilMs = performance.now() + timeoutMs;
    this.#answer = answer;
    this.#onLate = onLate;
  }

  expire(): void {
    this.reject(this.#onLate());
  }

  resolve(reply: Answer): void {
    this.#answer.resolve(reply);
  }

  reject(error: Error): void {
    this.#answer.reject(error);
  }
}

/** An origin that lives on another thread, behind a message port. */
export class PortOrigin implements OriginConnection {
  readonly #port: MessagePort;
  readonly #timeoutMs: number;
  readonly #pending = new Map<number, Pending>();
  readonly #deadlines = new Deadlines();
  #lastId = 0;

  /** @param timeoutMs longest wait for an answer, in milliseconds */
  constructor(port: MessagePort, timeoutMs: number) {
    this.#port = port;
    this.#timeoutMs = timeoutMs;
    port.on('message', (reply: OriginReply) => this.#onReply(reply));
    port.unref(); // it keeps a thread alive only while somebody waits
  }

  async store(writes: readonly OriginWrite[], options?: WaitOptions): Promise<void> {
    await this.#ask({ id: ++this.#lastId, store: writes }, options);
  }

  async load(key: string, options?: WaitOptions): Promise<Written | undefined> {
    const { found } = await this.#ask({ id: ++this.#lastId, load: key }, options);
    return found;
  }

  async loadDocument(key: string, options?: WaitOptions): Promise<OriginDocument> {
    const { document } = await this.#ask({ id: ++this.#lastId, loadDocument: key }, options);
    return document!;
  }

  async storeDocument(key: string, value: string, options?: WaitOptions): Promise<number> {
    const { version } = await this.#ask({ id: ++this.#lastId, storeDocument: key, value }, options);
    return version!;
  }

  async deleteDocument(key: string, options?: WaitOptions): Promise<DeletedDocument> {
    const { deleted } = await this.#ask({ id: ++this.#lastId, deleteDocument: key }, options);
    return deleted!;
  }

  connected(): Promise<void> {
    return Promise.resolve();
  }

  async *restore(cell: string): AsyncGenerator<OriginWrite, void> {
    const { entries = [] } = await this.#ask({ id: ++this.#lastId, restore: cell });
    yield* entries;
  }

  problem(options: WaitOptions): Promise<string | undefined> {
    return this.load('readyz', options).then(
      () => undefined,
      () => 'the origin',
    );
  }

  redisCell(): undefined {
    return undefined;
  }

  close(): Promise<void> {
    return Promise.resolve(); // the port is unref'd, and main closes its end
  }

  #ask(request: OriginRequest, options?: WaitOptions): Promise<Answer> {
    const timeoutMs = Math.min(this.#timeoutMs, options?.remainingMs ?? Infinity);
    if (timeoutMs <= 0) return Promise.reject(new OriginTimeoutError(0, 'not-applied')); // nothing was sent
    const { id } = request;
    const answer = Promise.withResolvers<Answer>();
    const pending = new Pending(timeoutMs, answer, () => {
      this.#forget(id);
      const writes = 'store' in request || 'storeDocument' in request || 'deleteDocument' in request;
      return new OriginTimeoutError(Math.round(timeoutMs), writes ? 'unknown' : 'not-applied');
    });
    try {
      this.#port.postMessage(request);
    } catch (error) {
      // Nothing was sent.
      return Promise.reject(new OriginFailedError(`the request cannot be cloned: ${toWire(error).message}`));
    }
    if (this.#pending.size === 0) this.#port.ref();
    this.#pending.set(id, pending);
    this.#deadlines.add(pending);
    return answer.promise;
  }

  #forget(id: number): void {
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#port.unref();
  }

  #onReply(reply: OriginReply): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return; // it timed out
    this.#forget(reply.id);
    this.#deadlines.remove(pending);
    if ('full' in reply) pending.reject(new DocumentsFullError(reply.full));
    else if ('failed' in reply) pending.reject(new OriginFailedError(reply.failed));
    else pending.resolve(reply);
  }
}
