/**
 * The embedded origin: a store in memory that is as slow as it is told to be. It lives on the main thread and serves
 * the other threads over message ports.
 */
import type { MessagePort } from 'node:worker_threads';
import { drawDelayMs, type OriginLatency } from './latency.ts';
import { splitKey } from './cell-keys.ts';
import { initialDocument } from './initial-documents.ts';
import type { OriginDocument, OriginWrite, Written } from './origin.ts';

export type OriginRequest =
  | { readonly id: number; readonly store: readonly OriginWrite[] }
  | { readonly id: number; readonly load: string }
  | { readonly id: number; readonly restore: string }
  | { readonly id: number; readonly loadDocument: string }
  | { readonly id: number; readonly storeDocument: string; readonly value: string };

export type OriginReply =
  | {
      readonly id: number;
      readonly found?: Written | undefined;
      readonly entries?: readonly OriginWrite[];
      readonly document?: OriginDocument | undefined;
      readonly version?: number;
    }
  | { readonly id: number; readonly failed: string };

export interface EmbeddedOriginOptions extends OriginLatency {
  /** How many documents every cell starts with; see `initialDocument`. */
  readonly documents: number;
  /** Milliseconds, for tests. */
  readonly now?: () => number;
}

/** Longer than the longest latency twice over, so that no older write can still be on its way when a deletion is forgotten. */
const TOMBSTONE_TTL_MS = 600_000;
/** Forgotten with each deletion at most, so that none is slow and they stay bounded by those of that time. */
const FORGOTTEN_AT_ONCE = 2;

export class EmbeddedOrigin {
  readonly #kept = new Map<string, Written>();
  /** When each key that is deleted was: the oldest first. */
  readonly #tombstones = new Map<string, number>();
  readonly #documents = new Map<string, OriginDocument>();
  /** Per cell, the version of the document stored last. */
  readonly #lastDocument = new Map<string, number>();
  readonly #options: EmbeddedOriginOptions;

  constructor(options: EmbeddedOriginOptions) {
    this.#options = options;
  }

  /** Answers what comes in on `port` until it closes. */
  serve(port: MessagePort): void {
    port.on('message', (request: OriginRequest) => {
      setTimeout(() => port.postMessage(this.#answer(request)), drawDelayMs(this.#options));
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

  #answer(request: OriginRequest): OriginReply {
    if ('load' in request) return { id: request.id, found: this.#kept.get(request.load) };
    if ('restore' in request) return { id: request.id, entries: this.#entriesOf(request.restore) };
    if ('loadDocument' in request) return { id: request.id, document: this.#document(request.loadDocument) };
    if ('storeDocument' in request) {
      return { id: request.id, version: this.#keepDocument(request.storeDocument, request.value) };
    }
    for (const write of request.store) this.#keep(write);
    return { id: request.id };
  }

  #document(key: string): OriginDocument | undefined {
    return this.#documents.get(key) ?? initialDocument(splitKey(key)[1], this.#options.documents);
  }

  /** @returns the document's number: the next one of its cell */
  #keepDocument(key: string, value: string): number {
    const [cell] = splitKey(key);
    const version = (this.#lastDocument.get(cell) ?? 0) + 1;
    this.#lastDocument.set(cell, version);
    this.#documents.set(key, { value, version });
    return version;
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
    this.#tombstones.delete(key);
    if (value === undefined) this.#bury(key);
  }

  /** A deletion stays for a while, else an older write that arrives late would bring its key back. */
  #bury(key: string): void {
    const { now = () => performance.now() } = this.#options;
    const nowMs = now();
    this.#tombstones.set(key, nowMs);
    for (const [old, deletedMs] of this.#tombstones.entries().take(FORGOTTEN_AT_ONCE).toArray()) {
      if (nowMs - deletedMs < TOMBSTONE_TTL_MS) return;
      this.#tombstones.delete(old);
      this.#kept.delete(old);
    }
  }
}
