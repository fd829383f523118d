/**
 * Blocks of an `Arena` that versions before the published one may still refer to: a ring of [block, first version
 * without it], freed by later turns once no reader is at an earlier version.
 *
 * Guarantee: a block is freed once, and not before every reader looks at a version without it; nobody ever waits for
 * that. A turn that is not published has retired nothing. Bounded: a turn that would exceed the ring is refused.
 * Cost: one look at the readers' pins per turn while something waits, and a release for each block.
 *
 * Ordering: all of it under the writers' mutex. The ring's TAIL is a field of the version, so what a dropped turn wrote
 * beyond it does not count. HEAD is plain: whoever dies between a release, which clears the slot in one step, and HEAD
 * leaves a slot that is cleared, and to release it again changes nothing. Why a block whose version `isUnread` may be
 * written again: see `SnapshotPins`.
 */
import { VersionsHeldError } from '../../errors.ts';
import type { Arena } from '../../sync/arena.ts';
import type { SnapshotCell } from '../../sync/snapshot-cell.ts';

/** Field of the version: where the ring ends. It only grows and goes round at 2^32. */
const TAIL = 7;

/** Some dozens of turns that clear as much as they can for each version that a reader may stay behind; a power of two. */
const SLOTS = 8_192;
/** Freed in one turn, so that none is long after a reader that stayed: more than a turn takes out. */
const FREED_AT_ONCE = 64;

export interface RetiredBlocksOptions {
  readonly snapshots: SnapshotCell;
  readonly arena: Arena;
  /** Appears in errors. */
  readonly name: string;
  /** Index in the memory of the word that says where the ring begins. */
  readonly head: number;
  /** Index in the memory of `RetiredBlocks.bytes`. */
  readonly ring: number;
}

export class RetiredBlocks {
  static readonly bytes = SLOTS * 8;
  readonly #options: RetiredBlocksOptions;
  readonly #words: Int32Array;

  constructor(options: RetiredBlocksOptions) {
    this.#options = options;
    this.#words = options.snapshots.words;
  }

  /** How many wait to be freed. Inside a read or a turn. */
  get waiting(): number {
    return ((this.#options.snapshots.field(TAIL) | 0) - this.#head) | 0;
  }

  /**
   * Retires a block that the version in the making no longer refers to.
   *
   * @throws {VersionsHeldError} readers hold so many back that there is no slot; the turn changes nothing
   */
  add(block: number): void {
    const { snapshots, name } = this.#options;
    if (this.waiting >= SLOTS) throw new VersionsHeldError(name);
    const tail = snapshots.field(TAIL);
    const slot = this.#slotOf(tail);
    this.#words[slot] = block;
    this.#words[slot + 1] = snapshots.nextVersion;
    snapshots.setField(TAIL, (tail + 1) | 0);
  }

  /** Frees what no reader can look at any more. In a turn. @returns whether it freed any */
  free(limit = FREED_AT_ONCE): boolean {
    const { snapshots, arena, head } = this.#options;
    let freed = 0;
    for (let waiting = this.waiting; waiting > 0 && freed < limit; waiting--, freed++) {
      const slot = this.#slotOf(this.#head);
      if (!snapshots.isUnread(this.#words[slot + 1]!)) break;
      arena.release(slot);
      Atomics.store(this.#words, head, (this.#head + 1) | 0);
    }
    return freed > 0;
  }

  get #head(): number {
    return Atomics.load(this.#words, this.#options.head);
  }

  #slotOf(number: number): number {
    return this.#options.ring + (number & (SLOTS - 1)) * 2;
  }
}
