/**
 * Which connections of a shard are in which room: buckets by the room's hash, each a chain of rooms, each room a list of
 * its connections. To list a room costs its size, not the map's.
 *
 * A room has no record of its own: the first connection of its list stands for it in the chain, so an empty room takes
 * nothing, and there is always place for one more. Newcomers go behind the first.
 *
 * Everything here can be made from the connections. So nothing needs repair: whoever finds it half-changed clears it and
 * adds them again. Every method runs under the lock that guards the shard, or as the only one who may.
 */
import { type HashSeed, KeyBuffer } from '../sync/key-hash.ts';

/** 32-bit words: in place, or in the pages of a snapshot. Record number + 1 refers to a connection, 0 to none. */
export interface IndexWords {
  word(at: number): number;
  set(at: number, value: number): void;
}

/** Words for each connection's record. */
export const LINK_WORDS = 4;
const NEXT = 0;
const BEFORE = 1;
// Of the first of a room only.
const NEXT_ROOM = 2;
const HASH = 3;

export interface RoomIndexOptions {
  readonly words: IndexWords;
  /** Index of the first record's links; those of all shards lie together. */
  readonly links: number;
  /** Index of this shard's first bucket. */
  readonly buckets: number;
  /** How many buckets this shard has: a power of two. */
  readonly count: number;
  readonly seed: HashSeed;
  /** The room that a connection is in. */
  readonly roomAt: (record: number) => string;
}

export class RoomIndex {
  readonly #options: RoomIndexOptions;
  readonly #words: IndexWords;
  readonly #keys: KeyBuffer;

  constructor(options: RoomIndexOptions) {
    this.#options = options;
    this.#words = options.words;
    this.#keys = new KeyBuffer(options.seed);
  }

  add(room: string, record: number): void {
    const { hash } = this.#keys.load(room);
    const bucket = this.#bucketOf(hash);
    const first = this.#find(room, hash);
    const second = first === 0 ? 0 : this.#get(first - 1, NEXT);
    this.#put(record, NEXT, second);
    this.#put(record, BEFORE, first);
    if (second !== 0) this.#put(second - 1, BEFORE, record + 1);
    if (first !== 0) return this.#put(first - 1, NEXT, record + 1);
    this.#put(record, HASH, hash);
    this.#put(record, NEXT_ROOM, this.#words.word(bucket));
    this.#words.set(bucket, record + 1);
  }

  remove(room: string, record: number): void {
    const next = this.#get(record, NEXT);
    const before = this.#get(record, BEFORE);
    if (next !== 0) this.#put(next - 1, BEFORE, before);
    if (before !== 0) return this.#put(before - 1, NEXT, next);
    const { hash } = this.#keys.load(room);
    const chained = this.#chained(hash, record);
    const nextRoom = this.#get(record, NEXT_ROOM);
    this.#words.set(chained, next === 0 ? nextRoom : next);
    if (next === 0) return;
    this.#put(next - 1, HASH, hash);
    this.#put(next - 1, NEXT_ROOM, nextRoom);
  }

  /** Gives one record after another of the connections of a room, in no order, and −1 at the end. */
  walk(room: string): () => number {
    return this.#walkFrom(this.#find(room, this.#keys.load(room).hash));
  }

  /** Every room, with a walk over its members. */
  *all(): Generator<{ readonly room: string; readonly walk: () => number }> {
    const { buckets, count, roomAt } = this.#options;
    for (let bucket = buckets; bucket < buckets + count; bucket++) {
      for (let first = this.#words.word(bucket); first !== 0; first = this.#get(first - 1, NEXT_ROOM)) {
        yield { room: roomAt(first - 1), walk: this.#walkFrom(first) };
      }
    }
  }

  clear(): void {
    const { buckets, count } = this.#options;
    for (let bucket = buckets; bucket < buckets + count; bucket++) this.#words.set(bucket, 0);
  }

  /** The first of a room, 0 when nobody is in it. */
  #find(room: string, hash: number): number {
    let first = this.#words.word(this.#bucketOf(hash));
    while (first !== 0 && (this.#get(first - 1, HASH) !== hash || this.#options.roomAt(first - 1) !== room)) {
      first = this.#get(first - 1, NEXT_ROOM);
    }
    return first;
  }

  /** Index of the word by which the chain refers to a room's first connection. */
  #chained(hash: number, record: number): number {
    let at = this.#bucketOf(hash);
    while (this.#words.word(at) !== record + 1) at = this.#link(this.#words.word(at) - 1, NEXT_ROOM);
    return at;
  }

  #walkFrom(first: number): () => number {
    let link = first;
    return () => {
      const record = link - 1;
      if (link !== 0) link = this.#get(record, NEXT);
      return record;
    };
  }

  #bucketOf(hash: number): number {
    return this.#options.buckets + (hash & (this.#options.count - 1));
  }

  #link(record: number, field: number): number {
    return this.#options.links + record * LINK_WORDS + field;
  }

  #get(record: number, field: number): number {
    return this.#words.word(this.#link(record, field));
  }

  #put(record: number, field: number, value: number): void {
    this.#words.set(this.#link(record, field), value);
  }
}
