/**
 * Pages of documents, for one thread. A page is known by its document's entity tag, so it never goes stale: a changed
 * document has another tag. Pages are kept in a bounded memory, least recently used out first.
 *
 * Guarantee: one rendering at a time of the same content, which all who ask share; each of them leaves by itself, and
 * what nobody waits for any more is taken out of the queue. More than `maxQueued` are refused.
 */
import { LRUCache } from 'lru-cache';
import { OverloadedError, ShuttingDownError } from '../errors.ts';
import type { CachedDocument } from '../resources/cache.ts';
import type { Call } from '../resources/call.ts';
import { unwatchSignal, watchSignal } from '../sync/abort-signals.ts';
import type { Awaitable } from '../sync/wait.ts';
import type { RenderEngine } from './engine.ts';

type Page = Uint8Array<ArrayBuffer>;

/** Documents that may wait for the worker. */
const MAX_QUEUED = 64;
const PAGE_MEMORY_BYTES = 8 * 1024 * 1024;
/** What keeping a page costs besides its bytes. */
const ENTRY_BYTES = 256;
/** How long a rendering that has begun may go on for nobody. Ending its worker costs more than most take. */
const ABANDONED_MS = 1_000;

export interface RendererOptions {
  readonly engine: RenderEngine;
  readonly maxQueued?: number;
  readonly pageMemoryBytes?: number;
  readonly abandonedMs?: number;
}

interface Job {
  readonly body: string;
  readonly page: Promise<Page>;
  readonly resolve: (page: Page) => void;
  readonly reject: (error: unknown) => void;
  readonly abort: AbortController;
  /** Requests that want the page. */
  waiting: number;
}

export class Renderer {
  readonly #engine: RenderEngine;
  readonly #maxQueued: number;
  readonly #abandonedMs: number;
  readonly #pages: LRUCache<string, Page>;
  /** By entity tag, in the order they came; the engine gets one after the other. */
  readonly #jobs = new Map<string, Job>();
  #running: Job | undefined;
  #closed = false;

  constructor(options: RendererOptions) {
    const { engine, maxQueued = MAX_QUEUED, pageMemoryBytes = PAGE_MEMORY_BYTES, abandonedMs = ABANDONED_MS } = options;
    this.#engine = engine;
    this.#maxQueued = maxQueued;
    this.#abandonedMs = abandonedMs;
    this.#pages = new LRUCache({
      maxSize: pageMemoryBytes,
      sizeCalculation: ({ byteLength }) => byteLength + ENTRY_BYTES,
    });
  }

  /**
   * The page of a document. Not to be changed: others get the same bytes.
   *
   * @throws {OverloadedError} too many wait already
   * @throws {RenderFailedError} its worker ended while it worked on this
   * @throws the reason of `call.signal`, once it aborts
   */
  page({ etag, body }: CachedDocument, call: Call): Awaitable<Page> {
    const page = this.#pages.get(etag);
    if (page !== undefined) return page;
    call.signal.throwIfAborted();
    return this.#wait(etag, this.#jobs.get(etag) ?? this.#queue(etag, body), call.signal);
  }

  /** Ends the engine; whoever still waits is told so. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#jobs.values()) reject(shuttingDown());
    this.#jobs.clear();
    await this.#engine.close();
  }

  #queue(etag: string, body: Uint8Array): Job {
    if (this.#closed) throw shuttingDown();
    if (this.#jobs.size > this.#maxQueued) {
      throw new OverloadedError(`${this.#maxQueued} documents wait to be rendered already`);
    }
    const text = new TextDecoder().decode(body);
    const { promise, resolve, reject } = Promise.withResolvers<Page>();
    const job = { body: text, page: promise, resolve, reject, abort: new AbortController(), waiting: 0 };
    this.#jobs.set(etag, job);
    if (this.#running === undefined) void this.#work();
    return job;
  }

  /** Goes on until no document waits; those that come meanwhile are among them. */
  async #work(): Promise<void> {
    for (const [etag, job] of this.#jobs) {
      this.#running = job;
      try {
        const page = await this.#engine.run(job.body, job.abort.signal);
        this.#pages.set(etag, page);
        job.resolve(page);
      } catch (error) {
        job.reject(error);
      }
      this.#forget(etag, job);
    }
    this.#running = undefined;
  }

  async #wait(etag: string, job: Job, signal: AbortSignal): Promise<Page> {
    job.waiting += 1;
    try {
      return await untilAborted(job.page, signal);
    } finally {
      job.waiting -= 1;
      if (job.waiting === 0) this.#abandon(etag, job);
    }
  }

  #abandon(etag: string, job: Job): void {
    if (job !== this.#running) return this.#forget(etag, job);
    setTimeout(() => {
      if (job.waiting > 0) return;
      this.#forget(etag, job); // whoever asks from now on begins anew
      job.abort.abort();
    }, this.#abandonedMs).unref();
  }

  #forget(etag: string, job: Job): void {
    if (this.#jobs.get(etag) === job) this.#jobs.delete(etag);
  }
}

function shuttingDown(): ShuttingDownError {
  return new ShuttingDownError('the service is shutting down and renders nothing more');
}

/** Rejects with the signal's reason when it aborts first; the promise goes on. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const watcher = { onAbort: aborted.reject };
  watchSignal(signal, watcher);
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    unwatchSignal(signal, watcher);
  }
}
