/**
 * Which flight a key has, and which records are free: chains of records by the key's hash, and a list.
 *
 * Ordering: runs under the flights' lock. The records' states say what belongs where; a repair builds all of it anew.
 */
import {
  type FlightLayout,
  FREE,
  HASH,
  KEY,
  KEY_BYTES,
  LOADING,
  NEXT,
  PAYLOAD,
  PHASE,
  STATE,
  VOID,
} from './flight-layout.ts';
import { type HashSeed, KeyBuffer } from './key-hash.ts';
import { nextWaiting } from './lock-line.ts';
import type { ThreadTable } from './thread-table.ts';

export class FlightIndex {
  readonly #words: Int32Array;
  readonly #layout: FlightLayout;
  readonly #keys: KeyBuffer;

  constructor(words: Int32Array, layout: FlightLayout, seed: HashSeed) {
    this.#words = words;
    this.#layout = layout;
    this.#keys = new KeyBuffer(seed);
  }

  /** @returns the flight that loads `key` and may be joined, −1 when there is none */
  find(key: string): number {
    const keys = this.#keys.load(key);
    for (let link = this.#words[this.#layout.bucketOf(keys.hash)]!; link !== 0;) {
      const at = this.#layout.record(link - 1);
      if (this.#words[at + HASH] === keys.hash && this.#has(at, keys)) return link - 1;
      link = this.#words[at + NEXT]!;
    }
    return -1;
  }

  /** @returns a free record that has the key now but is in no chain, −1 when there is none */
  take(key: string): number {
    const words = this.#words;
    const record = words[this.#layout.freeHead]! - 1;
    if (record === -1) return -1;
    const at = this.#layout.record(record);
    words[this.#layout.freeHead] = words[at + NEXT]!;
    const keys = this.#keys.load(key);
    words[at + HASH] = keys.hash;
    words[at + KEY_BYTES] = keys.byteLength;
    for (let word = 0; word < keys.wordLength; word++) words[at + KEY + word] = keys.words[word]!;
    return record;
  }

  /** Lets a record be found. */
  link(record: number): void {
    const at = this.#layout.record(record);
    const bucket = this.#layout.bucketOf(this.#words[at + HASH]!);
    this.#words[at + NEXT] = this.#words[bucket]!;
    this.#words[bucket] = record + 1;
  }

  /** Lets a record be found no more. */
  unlink(record: number): void {
    const words = this.#words;
    const at = this.#layout.record(record);
    let link = this.#layout.bucketOf(words[at + HASH]!);
    while (words[link] !== 0 && words[link] !== record + 1) link = this.#layout.record(words[link]! - 1) + NEXT;
    if (words[link] === record + 1) words[link] = words[at + NEXT]!;
  }

  giveBack(record: number): void {
    this.#words[this.#layout.record(record) + NEXT] = this.#words[this.#layout.freeHead]!;
    this.#words[this.#layout.freeHead] = record + 1;
  }

  /** Records that are not free. May lag by what other threads do right now. */
  get count(): number {
    let count = 0;
    for (let record = 0; record < this.#layout.capacity; record++) {
      if ((Atomics.load(this.#words, this.#layout.record(record) + STATE) & PHASE) !== FREE) count += 1;
    }
    return count;
  }

  /** Empties chains and list. */
  clear(): void {
    const { firstBucket, endOfBuckets, freeHead } = this.#layout;
    for (let bucket = firstBucket; bucket < endOfBuckets; bucket++) this.#words[bucket] = 0;
    this.#words[freeHead] = 0;
  }

  /** @returns one sentence for each inconsistency. Runs under the flights' lock */
  verify(threads: ThreadTable): string[] {
    const words = this.#words;
    const { capacity, firstBucket, endOfBuckets, freeHead } = this.#layout;
    const wrong: string[] = [];
    const places = new Map<number, number>();
    const keys = new Set<string>();
    for (let place = freeHead; place < endOfBuckets; place = Math.max(place + 1, firstBucket)) {
      for (let link = words[place]!; link !== 0; link = words[this.#layout.record(link - 1) + NEXT]!) {
        if (places.has(link - 1)) return [...wrong, `flight ${link - 1} is linked twice`];
        places.set(link - 1, place);
      }
    }
    for (let record = 0; record < capacity; record++) {
      const at = this.#layout.record(record);
      const phase = words[at + STATE]! & PHASE;
      const expected = { [FREE]: freeHead, [LOADING]: this.#layout.bucketOf(words[at + HASH]!) }[phase];
      if (places.get(record) !== expected) wrong.push(`flight ${record} of phase ${phase} is not where it belongs`);
      if (phase <= VOID && words[at + PAYLOAD] !== 0) wrong.push(`flight ${record} has not landed but has a value`);
      if (phase > VOID && nextWaiting(words, at, 0, threads) === -1) wrong.push(`nobody waits for ${record}`);
      if (phase !== LOADING) continue;
      const key = Buffer.from(words.buffer, (at + KEY) * 4, words[at + KEY_BYTES]).toString('hex');
      if (keys.has(key)) wrong.push(`flight ${record} loads a key that another one loads`);
      keys.add(key);
    }
    return wrong;
  }

  #has(at: number, { byteLength, wordLength, words: key }: KeyBuffer): boolean {
    if (this.#words[at + KEY_BYTES] !== byteLength) return false;
    for (let word = 0; word < wordLength; word++) if (this.#words[at + KEY + word] !== key[word]) return false;
    return true;
  }
}
