/**
 * The embedded origin: a store in memory that is as slow as it is told to be. It lives on the main thread and serves
 * the other threads over message ports.
 *
 * What it keeps is bounded: documents by `documentBytes`; of the state that is written through, a live key for each entry
 * of the strategies' tables, which have capacities, and deleted keys by `Tombstones`.
 */
import type { MessagePort } from 'node:worker_threads';
import { drawDelayMs, type OriginLatency } from './latency.ts';
import { EmbeddedDocuments } from './embedded-documents.ts';
import type { DeletedDocument, OriginDocument, OriginWrite, Written } from './origin.ts';
import { Tombstones } from './tombstones.ts';
import { toWire } from '../wire-error.ts';

export type OriginRequest =
  | { readonly id: number; readonly store: readonly OriginWrite[] }
  | { readonly id: number; readonly load: string }
  | { readonly id: number; readonly restore: string }
  | { readonly id: number; readonly loadDocument: string }
  | { readonly id: number; readonly storeDocument: string; readonly value: string }
  | { readonly id: number; readonly deleteDocument: string };

export type OriginReply =
  | {
      readonly id: number;
      readonly found?: Written | undefined;
      readonly entries?: readonly OriginWrite[];
      readonly document?: OriginDocument;
      readonly version?: number;
      readonly deleted?: DeletedDocument;
    }
  /** There is no room for a document: what they may take, and which setting says so. */
  | { readonly id: number; readonly full: string }
  | { readonly id: number; readonly failed: string };

export interface EmbeddedOriginOptions extends OriginLatency {
  /** How many documents every cell starts with; see `initial-documents.ts`. */
  readonly documents: number;
  /** Most that stored documents may take, in MiB over all cells: `ORIGIN_MEMORY_MB`. */
  readonly documentsMb: number;
  /** Longest wait for its answers, in milliseconds: `ORIGIN_TIMEOUT_MS`. */
  readonly timeoutMs: number;
}

/** A thread whose write was not answered in time sends it again within some seconds: see `write-through.ts`. */
const SENT_AGAIN_MS = 5_000;
/** Some 40 MB; as many deletions as are remembered take more than ten thousand a second, all the time. */
const MAX_TOMBSTONES = 2 ** 18;

export class EmbeddedOrigin {
  readonly #kept = new Map<string, Written>();
  readonly #tombstones: Tombstones;
  readonly #documents: EmbeddedDocuments;
  readonly #options: EmbeddedOriginOptions;

  constructor(options: EmbeddedOriginOptions) {
    this.#options = options;
    const { latencyMs, jitterMs, timeoutMs, documents, documentsMb } = options;
    this.#documents = new EmbeddedDocuments({ documents, capacityBytes: documentsMb * 2 ** 20 });
    this.#tombstones = new Tombstones({
      ttlMs: 2 * (SENT_AGAIN_MS + latencyMs + jitterMs + timeoutMs), // whatever is older has arrived by then
      capacity: MAX_TOMBSTONES,
      forget: (key) => this.#kept.delete(key),
    });
  }

  /** Answers what comes in on `port` until it closes. */
  serve(port: MessagePort): void {
    port.on('message', (request: OriginRequest) => {
      setTimeout(() => this.#serve(port, request), drawDelayMs(this.#options));
    });
  }

  /** Keys that it knows something of, deletions included. */
  get keys(): number {
    return this.#kept.size;
  }

  /** The newest version of a key, whose namespace may be left out; for tests and for the proof after a run. */
  newest(key: string): Written | undefined {
    for (const [kept, written] of this.#kept) if (kept === key || kept.endsWith(`/${key}`)) return written;
    return undefined;
  }

  /** A request that cannot be answered fails alone: the main thread goes on. */
  #serve(port: MessagePort, request: OriginRequest): void {
    try {
      port.postMessage(this.#answer(request));
    } catch (error) {
      const { message } = toWire(error);
      port.postMessage({ id: request.id, failed: message } satisfies OriginReply);
    }
  }

  #answer(request: OriginRequest): OriginReply {
    if ('load' in request) return { id: request.id, found: this.#kept.get(request.load) };
    if ('restore' in request) return { id: request.id, entries: this.#entriesOf(request.restore) };
    if ('loadDocument' in request) return { id: request.id, document: this.#documents.find(request.loadDocument) };
    if ('deleteDocument' in request) return { id: request.id, deleted: this.#documents.delete(request.deleteDocument) };
    if ('storeDocument' in request) {
      const version = this.#documents.store(request.storeDocument, request.value);
      if (version !== undefined) return { id: request.id, version };
      return { id: request.id, full: `${this.#options.documentsMb} MiB (ORIGIN_MEMORY_MB)` };
    }
    for (const write of request.store) this.#keep(write);
    return { id: request.id };
  }

  /** What is kept of a cell, under the keys that it has there; deletions are passed over. */
  #entriesOf(cell: string): OriginWrite[] {
    const prefix = `${cell}/`;
    return Array.from(this.#kept).flatMap(([key, { value, version }]) =>
      value !== undefined && key.startsWith(prefix) ? [{ key: key.slice(prefix.length), value, version }] : [],
    );
  }

  #keep({ key, value, version }: OriginWrite): void {
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.version >= version) return;
    this.#kept.set(key, { value, version });
    if (value === undefined) this.#tombstones.add(key);
    else this.#tombstones.remove(key);
  }
}
