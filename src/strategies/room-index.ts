/**
 * Which connections of a shard are in which room: buckets by the room's hash, each a chain of rooms, each room a tree of
 * its connections, ordered by record number. A page of a room costs its own length, wherever in the room it starts.
 *
 * A room has no record of its own: the root of its tree stands for it in the chain and counts its members, so an empty
 * room takes nothing, and there is always place for one more. The trees are treaps: a record's priority is a mix of its
 * number, and the root is the one with the highest; so their depth is logarithmic however records come and go, and a
 * change touches two or three records.
 *
 * Everything here can be made from the connections. So nothing needs repair: whoever finds it half-changed clears it and
 * adds them again. Every method runs under the lock that guards the shard, or as the only one who may.
 *
 * @see Seidel and Aragon, "Randomized Search Trees"
 */
import { type HashSeed, KeyBuffer } from '../sync/key-hash.ts';

/** 32-bit words: in place, or in the pages of a snapshot. Record number + 1 refers to a connection, 0 to none. */
export interface IndexWords {
  word(at: number): number;
  set(at: number, value: number): void;
}

/** Words for each connection's record. */
export const LINK_WORDS = 5;
const LOWER = 0;
const HIGHER = 1;
// Of the root of a room only.
const NEXT_ROOM = 2;
const HASH = 3;
const SIZE = 4;

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

  get buckets(): number {
    return this.#options.count;
  }

  add(room: string, record: number): void {
    const { hash } = this.#keys.load(room);
    const chained = this.#chained(room, hash);
    const root = this.#words.word(chained);
    const priority = this.#priority(record);
    let at = chained;
    let node = root;
    while (node !== 0 && this.#priority(node - 1) > priority) {
      at = this.#link(node - 1, node - 1 < record ? HIGHER : LOWER);
      node = this.#words.word(at);
    }
    this.#split(node, record);
    this.#set(at, record + 1);
    if (root === 0) this.#describe(record, 0, hash, 1);
    else this.#resize(chained, root - 1, 1);
  }

  /** @param room that it was in, whatever its record says by now */
  remove(room: string, record: number): void {
    const chained = this.#chained(room, this.#keys.load(room).hash, record);
    const root = this.#words.word(chained);
    let at = chained;
    for (let node = root; node !== record + 1; node = this.#words.word(at)) {
      at = this.#link(node - 1, node - 1 < record ? HIGHER : LOWER);
    }
    const nextRoom = this.#get(root - 1, NEXT_ROOM);
    this.#merge(at, this.#get(record, LOWER), this.#get(record, HIGHER));
    if (this.#words.word(chained) === 0) this.#set(chained, nextRoom);
    else this.#resize(chained, root - 1, -1);
  }

  /** Connections of a room. */
  size(room: string): number {
    const root = this.#words.word(this.#chained(room, this.#keys.load(room).hash));
    return root === 0 ? 0 : this.#get(root - 1, SIZE);
  }

  /** Gives one record after another of the connections of a room, in ascending order from `from` on, and −1 at the end. */
  walk(room: string, from = 0): () => number {
    const ahead: number[] = [];
    const descend = (root: number): void => {
      for (let node = root; node !== 0;) {
        const isAhead = node - 1 >= from;
        if (isAhead) ahead.push(node - 1);
        node = this.#get(node - 1, isAhead ? LOWER : HIGHER);
      }
    };
    descend(this.#words.word(this.#chained(room, this.#keys.load(room).hash)));
    return () => {
      const record = ahead.pop() ?? -1;
      if (record !== -1) descend(this.#get(record, HIGHER));
      return record;
    };
  }

  /** Whether a bucket has no room: a look, where `roomsOf` makes an object. */
  isVacant(bucket: number): boolean {
    return this.#words.word(this.#options.buckets + bucket) === 0;
  }

  /** The rooms of a bucket, of which there are `buckets`, with their sizes. */
  *roomsOf(bucket: number): Generator<{ readonly room: string; readonly size: number }> {
    const { buckets, roomAt } = this.#options;
    for (let root = this.#words.word(buckets + bucket); root !== 0; root = this.#get(root - 1, NEXT_ROOM)) {
      yield { room: roomAt(root - 1), size: this.#get(root - 1, SIZE) };
    }
  }

  clear(): void {
    const { buckets, count } = this.#options;
    for (let bucket = buckets; bucket < buckets + count; bucket++) this.#words.set(bucket, 0);
  }

  /**
   * Index of the word by which the chain refers to a room's root: the word that ends the chain when nobody is in it.
   *
   * @param member where the record of one may say another room by now
   */
  #chained(room: string, hash: number, member = -1): number {
    let at = this.#options.buckets + (hash & (this.#options.count - 1));
    for (let root = this.#words.word(at); root !== 0; root = this.#words.word(at)) {
      const isOurs = this.#get(root - 1, HASH) === hash;
      if (isOurs && (root - 1 === member || this.#options.roomAt(root - 1) === room)) break;
      at = this.#link(root - 1, NEXT_ROOM);
    }
    return at;
  }

  /** Parts a tree into what is below `record` and what is above it, and makes these its branches. */
  #split(tree: number, record: number): void {
    let lower = this.#link(record, LOWER);
    let higher = this.#link(record, HIGHER);
    for (let node = tree; node !== 0;) {
      const isLower = node - 1 < record;
      this.#set(isLower ? lower : higher, node);
      if (isLower) lower = this.#link(node - 1, HIGHER);
      else higher = this.#link(node - 1, LOWER);
      node = this.#words.word(isLower ? lower : higher);
    }
    this.#set(lower, 0);
    this.#set(higher, 0);
  }

  /** Makes one tree of two, of which the first is below the other, and refers to it by the word `at`. */
  #merge(at: number, lower: number, higher: number): void {
    let [slot, below, above] = [at, lower, higher];
    while (below !== 0 && above !== 0) {
      const isBelow = this.#priority(below - 1) > this.#priority(above - 1);
      this.#set(slot, isBelow ? below : above);
      slot = isBelow ? this.#link(below - 1, HIGHER) : this.#link(above - 1, LOWER);
      if (isBelow) below = this.#words.word(slot);
      else above = this.#words.word(slot);
    }
    this.#set(slot, below === 0 ? above : below);
  }

  /** Hands what the former root knows to the present one, which may be the same. */
  #resize(chained: number, former: number, by: number): void {
    const [nextRoom, hash, size] = [this.#get(former, NEXT_ROOM), this.#get(former, HASH), this.#get(former, SIZE)];
    this.#describe(this.#words.word(chained) - 1, nextRoom, hash, size + by);
  }

  #describe(root: number, nextRoom: number, hash: number, size: number): void {
    this.#set(this.#link(root, NEXT_ROOM), nextRoom);
    this.#set(this.#link(root, HASH), hash);
    this.#set(this.#link(root, SIZE), size);
  }

  /** A different one for each record; without the seed nobody can tell which is higher. */
  #priority(record: number): number {
    let mixed = record ^ this.#options.seed[0];
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  }

  #link(record: number, field: number): number {
    return this.#options.links + record * LINK_WORDS + field;
  }

  #get(record: number, field: number): number {
    return this.#words.word(this.#link(record, field));
  }

  /** Where words are in pages, one that stays as it is need not be copied. */
  #set(at: number, value: number): void {
    if (this.#words.word(at) !== value) this.#words.set(at, value);
  }
}
