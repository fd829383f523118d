/**
 * Keys of records in place: the first 32 bytes lie in the record's own cache line, the rest in a region for long keys.
 */
import type { KeyBuffer } from './key-hash.ts';
import { INLINE_KEY_WORDS, KEY, LONG_KEY_WORDS, RECORD_WORDS } from './record-layout.ts';

export class RecordKeys {
  readonly #words: Int32Array;
  readonly #recordBase: number;
  readonly #longKeyBase: number;

  /** Both bases are indexes in `words`. */
  constructor(words: Int32Array, recordBase: number, longKeyBase: number) {
    this.#words = words;
    this.#recordBase = recordBase;
    this.#longKeyBase = longKeyBase;
  }

  /** Whether a record has the loaded key, given that it has its length. */
  has(record: number, { words: key, wordLength }: KeyBuffer): boolean {
    const words = this.#words;
    const inline = this.#inline(record);
    for (let word = 0; word < wordLength && word < INLINE_KEY_WORDS; word++) {
      if (words[inline + word] !== key[word]) return false;
    }
    const rest = this.#rest(record);
    for (let word = INLINE_KEY_WORDS; word < wordLength; word++) if (words[rest + word] !== key[word]) return false;
    return true;
  }

  /** Gives a record the loaded key. */
  write(record: number, { words: key, wordLength }: KeyBuffer): void {
    const inline = this.#inline(record);
    for (let word = 0; word < wordLength && word < INLINE_KEY_WORDS; word++) this.#words[inline + word] = key[word]!;
    const rest = this.#rest(record);
    for (let word = INLINE_KEY_WORDS; word < wordLength; word++) this.#words[rest + word] = key[word]!;
  }

  read(record: number, byteLength: number): string {
    const inline = Math.min(byteLength, INLINE_KEY_WORDS * 4);
    const head = Buffer.from(this.#words.buffer, this.#inline(record) * 4, inline);
    if (inline === byteLength) return head.toString('utf8');
    const tail = Buffer.from(this.#words.buffer, (this.#rest(record) + INLINE_KEY_WORDS) * 4, byteLength - inline);
    return Buffer.concat([head, tail]).toString('utf8');
  }

  #inline(record: number): number {
    return this.#recordBase + record * RECORD_WORDS + KEY;
  }

  /** Where the key would begin if it lay in the long region as a whole. */
  #rest(record: number): number {
    return this.#longKeyBase + record * LONG_KEY_WORDS - INLINE_KEY_WORDS;
  }
}
