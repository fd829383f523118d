/**
 * The config in shared memory, the same for every strategy that keeps it in place: two buffers, of which one word names
 * the current. A write fills the other and then changes that word, so a writer that dies half-way has changed nothing.
 *
 * ```
 * word 0        which buffer is current: 0 or 1
 * double 1      the last sequence number that was given out
 * from byte 64  two buffers: version (float64), bytes (int32), text
 * ```
 *
 * Every method runs under the lock, or as the only one who may.
 */
import type { Written } from '../origin/origin.ts';
import { type ConfigChange, type ConfigDocument, firstConfig, MAX_CONFIG_BYTES } from '../resources/config.ts';
import { CapacityError } from '../errors.ts';

const HEADER_BYTES = 64;
const BUFFER_BYTES = HEADER_BYTES + MAX_CONFIG_BYTES;

/** The one key of the config at the origin. */
export const CONFIG_KEY = 'document';

export class ConfigRegister {
  static readonly bytes = HEADER_BYTES + 2 * BUFFER_BYTES;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #buffers: readonly Buffer[];
  readonly #midway: () => void;
  /** The version that was read last, kept as the object it was read as. */
  #last = firstConfig;

  /** @param midway runs in the middle of every change; see `Lab` */
  constructor(data: SharedArrayBuffer, midway: () => void, byteOffset = 0) {
    this.#midway = midway;
    this.#words = new Int32Array(data, byteOffset, ConfigRegister.bytes / 4);
    this.#doubles = new Float64Array(data, byteOffset, ConfigRegister.bytes / 8);
    this.#buffers = [0, 1].map((index) => Buffer.from(data, byteOffset + textAt(index), MAX_CONFIG_BYTES));
  }

  read(): ConfigDocument {
    const current = this.#words[0]!;
    const version = this.#version;
    if (version === 0) return firstConfig; // nothing was written yet
    if (version !== this.#last.version) {
      const byteLength = this.#words[bufferAt(current) / 4 + 2]!;
      this.#last = Object.freeze({ version, text: this.#buffers[current]!.toString('utf8', 0, byteLength) });
    }
    return this.#last;
  }

  write(document: ConfigDocument): void {
    const next = 1 - this.#words[0]!;
    const byteLength = Buffer.byteLength(document.text);
    if (byteLength > MAX_CONFIG_BYTES) throw new CapacityError('config', MAX_CONFIG_BYTES);
    this.#buffers[next]!.write(document.text);
    this.#words[bufferAt(next) / 4 + 2] = byteLength;
    this.#midway();
    this.#doubles[bufferAt(next) / 8] = document.version;
    Atomics.store(this.#words, 0, next);
    this.#last = document;
  }

  /** Decides what `change` makes of the document, without changing it. */
  draft(change: ConfigChange): ConfigDocument {
    return change(this.read());
  }

  update(change: ConfigChange): ConfigDocument {
    const document = this.draft(change);
    this.write(document);
    return document;
  }

  /** A version for the origin, newer than every one given before; a document's own may have to be stored twice. */
  nextVersion(): number {
    return ++this.#doubles[1]!;
  }

  /** A document as it goes to the origin. */
  written({ text }: ConfigDocument): Written<string> {
    return { value: text, version: this.nextVersion() };
  }

  /** Takes over what another replica has, where that is newer. */
  follow(other: ConfigRegister): void {
    if (other.#version > this.#version) this.write(other.read());
  }

  /** Takes a document back from the origin. */
  commit(_key: string, { value }: Written): void {
    this.write(value === undefined ? firstConfig : storedConfig(String(value)));
  }

  /** Version of the current document, 0 while nothing was written. */
  get #version(): number {
    return this.#doubles[bufferAt(this.#words[0]!) / 8]!;
  }
}

/** A document from its text. */
export function storedConfig(text: string): ConfigDocument {
  const { version } = JSON.parse(text) as { version: number };
  return Object.freeze({ version, text });
}

function bufferAt(index: number): number {
  return HEADER_BYTES + index * BUFFER_BYTES;
}

function textAt(index: number): number {
  return bufferAt(index) + HEADER_BYTES;
}
