/**
 * The documents of the embedded origin: those that were stored, over those that every cell starts with.
 *
 * Guarantee: what is kept never takes more than `capacityBytes`, over all cells together. A document that finds no room
 * is refused, and nothing is dropped to make room. What a deletion leaves is a mark of a byte, for documents that were
 * there from the start; of others nothing, because an answer that there is none says as of which version: see
 * `OriginDocument`.
 */
import { splitKey } from './cell-keys.ts';
import { initialNumber, initialValue } from './initial-documents.ts';
import type { DeletedDocument, OriginDocument } from './origin.ts';

/** What a `Map` entry, an object and the heads of two strings take, roughly. */
const ENTRY_BYTES = 192;

export interface EmbeddedDocumentsOptions {
  /** How many every cell starts with; see `initial-documents.ts`. */
  readonly documents: number;
  readonly capacityBytes: number;
}

interface DocumentCell {
  /** Of the last store or deletion. */
  version: number;
  /** A byte for each document of the start, not 0 for one that was deleted; made by the first such deletion. */
  deleted: Uint8Array | undefined;
}

export class EmbeddedDocuments {
  readonly #options: EmbeddedDocumentsOptions;
  readonly #stored = new Map<string, OriginDocument & { readonly value: string }>();
  /** As many as there are strategies with a cache. */
  readonly #cells = new Map<string, DocumentCell>();
  #bytes = 0;

  constructor(options: EmbeddedDocumentsOptions) {
    this.#options = options;
  }

  /** Bytes that stored documents take, with their keys and what keeping them costs. */
  get bytes(): number {
    return this.#bytes;
  }

  find(key: string): OriginDocument {
    const stored = this.#stored.get(key);
    if (stored !== undefined) return stored;
    const [name, field] = splitKey(key);
    const number = initialNumber(field, this.#options.documents);
    const cell = this.#cells.get(name);
    if (number !== undefined && !cell?.deleted?.[number]) return { value: initialValue(number), version: 0 };
    return { value: undefined, version: cell?.version ?? 0 };
  }

  /** @returns its version, the next one of its cell; undefined when there is no room, and nothing changed */
  store(key: string, value: string): number | undefined {
    const before = this.#stored.get(key);
    const bytes = this.#bytes + bytesOf(key, value) - (before === undefined ? 0 : bytesOf(key, before.value));
    if (bytes > this.#options.capacityBytes) return undefined;
    const version = ++this.#cell(splitKey(key)[0]).version;
    this.#stored.set(key, { value, version });
    this.#bytes = bytes;
    return version;
  }

  delete(key: string): DeletedDocument {
    const { value, version } = this.find(key);
    if (value === undefined) return { existed: false, version };
    const [name, field] = splitKey(key);
    const cell = this.#cell(name);
    const number = initialNumber(field, this.#options.documents);
    if (number !== undefined) (cell.deleted ??= new Uint8Array(this.#options.documents))[number] = 1;
    if (this.#stored.delete(key)) this.#bytes -= bytesOf(key, value);
    return { existed: true, version: ++cell.version };
  }

  #cell(name: string): DocumentCell {
    let cell = this.#cells.get(name);
    if (cell === undefined) this.#cells.set(name, (cell = { version: 0, deleted: undefined }));
    return cell;
  }
}

function bytesOf(key: string, value: string): number {
  return ENTRY_BYTES + textBytes(key) + textBytes(value);
}

/** V8 keeps a text of ASCII in a byte per character, and at most two for any other. */
function textBytes(text: string): number {
  return Buffer.byteLength(text) === text.length ? text.length : 2 * text.length;
}
