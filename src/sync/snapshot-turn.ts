/**
 * The writer's side of a `SnapshotCell`: builds the next version out of copies of the pages that it changes.
 *
 * Guarantee: nothing that the current version or a reader's version consists of is written. A turn that is not
 * published leaves no trace, wherever it ends. It never waits for a reader: where the memory that it needs is still
 * read, it is refused.
 * Cost: per changed page a copy of it and of its directory; a look at all pins once for some dozens of retired pages.
 *
 * Ordering: runs under the writers' mutex. See `SnapshotCell` for why nobody looks at a page that is taken here, and
 * `SnapshotPins` for why a version that is safe stays so.
 */
import { MisuseError, VersionsHeldError } from '../errors.ts';
import {
  CURRENT,
  HEAD,
  IN_PAGE,
  PAGE_SHIFT,
  PAGE_WORDS,
  SAFE,
  type SnapshotLayout,
  TAIL,
  TOP,
  USED,
  VERSION_STEP,
} from './snapshot-layout.ts';
import type { SnapshotPins } from './snapshot-pins.ts';

/** Retired pages that gather before a turn looks which are free. */
const LOOK_EVERY = 64;

export class SnapshotTurn {
  readonly #words: Int32Array;
  readonly #layout: SnapshotLayout;
  readonly #pins: SnapshotPins;
  readonly #name: string;
  /** Physical pages that this turn wrote, as a list and as flags: they need no further copy. */
  readonly #own: number[] = [];
  readonly #isOwn: Uint8Array;
  #isOpen = false;
  #current = 0;
  /** Index of the root that is being built; 0 until something changes. */
  #root = 0;
  #safe = 0;
  #hasLooked = false;
  #failure: Error | undefined;

  /** @param name appears in errors */
  constructor(words: Int32Array, layout: SnapshotLayout, pins: SnapshotPins, name: string) {
    this.#words = words;
    this.#layout = layout;
    this.#pins = pins;
    this.#name = name;
    this.#isOwn = new Uint8Array(layout.physicalPages);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** @returns index of the root to start from */
  open(): number {
    this.#isOpen = true;
    this.#current = Atomics.load(this.#words, CURRENT);
    const published = this.#rootOf(this.#current);
    this.#safe = this.#words[published + SAFE]!;
    return published;
  }

  /** Makes the next version the current one, if there is one. */
  publish(): void {
    if (this.#failure !== undefined) throw this.#failure; // whoever caught it would publish half a change
    if (this.#root === 0) return;
    this.#words[this.#root + SAFE] = this.#safe;
    Atomics.store(this.#words, CURRENT, this.next);
  }

  /** Ends the turn; what is not published is gone. */
  close(): void {
    for (const page of this.#own) this.#isOwn[page] = 0;
    this.#own.length = 0;
    this.#isOpen = false;
    this.#root = 0;
    this.#hasLooked = false;
    this.#failure = undefined;
  }

  /** Whether no reader is behind `version`, now or later. It looks at the readers once in a turn. */
  isUnread(version: number): boolean {
    if (!this.#isSafe(version) && !this.#hasLooked) this.#look();
    return this.#isSafe(version);
  }

  /** Index of the root of the next version. @throws {VersionsHeldError} a reader is at the version whose root it takes */
  root(): number {
    if (this.#root !== 0) return this.#root;
    if (!this.#isOpen) throw new MisuseError(`"${this.#name}" changes in a turn only`);
    const { rootWords, rootMask } = this.#layout;
    const published = this.#rootOf(this.#current);
    // The slot has the root of the version that was current so many versions ago: no reader may be there any more.
    this.#assertUnread(this.next - rootMask * VERSION_STEP);
    const root = this.#rootOf(this.next);
    this.#words.copyWithin(root, published, published + rootWords);
    this.#root = root;
    return root;
  }

  /** Index in the memory of a logical word whose page this turn may write. */
  writable(word: number): number {
    const words = this.#words;
    const { pages, directories } = this.#layout;
    const page = word >>> PAGE_SHIFT;
    if (page >>> PAGE_SHIFT >= directories) throw new MisuseError(`"${this.#name}" has no word ${word}`);
    const top = this.root() + TOP + (page >>> PAGE_SHIFT);
    if (this.#isOwn[words[top]!] === 0) words[top] = this.#copy(words[top]!);
    const entry = pages + (words[top]! << PAGE_SHIFT) + (page & IN_PAGE);
    if (this.#isOwn[words[entry]!] === 0) words[entry] = this.#copy(words[entry]!);
    return pages + (words[entry]! << PAGE_SHIFT) + (word & IN_PAGE);
  }

  /** The version in the making. */
  get next(): number {
    return (this.#current + VERSION_STEP) | 0;
  }

  #rootOf(version: number): number {
    const { roots, rootMask, rootWords } = this.#layout;
    return roots + ((version >>> 1) & rootMask) * rootWords;
  }

  /** @returns a page of this turn with the contents of `page`, which the next version does without */
  #copy(page: number): number {
    const words = this.#words;
    const { pages, retired, retiredMask } = this.#layout;
    const copy = this.#take();
    const from = pages + (page << PAGE_SHIFT);
    words.copyWithin(pages + (copy << PAGE_SHIFT), from, from + PAGE_WORDS);
    this.#own.push(copy);
    this.#isOwn[copy] = 1;
    if (page === 0) return copy; // stays where it is for every version
    const tail = words[this.#root + TAIL]!;
    const slot = retired + (tail & retiredMask) * 2;
    words[slot] = page;
    words[slot + 1] = this.next;
    words[this.#root + TAIL] = tail + 1;
    return copy;
  }

  #take(): number {
    const words = this.#words;
    const root = this.#root;
    const { retired, retiredMask, physicalPages } = this.#layout;
    const head = words[root + HEAD]!;
    const isEmpty = head === words[root + TAIL];
    const slot = retired + (head & retiredMask) * 2;
    const used = words[root + USED]! + 1;
    if (isEmpty || !this.#isFree(slot, used < physicalPages)) {
      if (used < physicalPages) return (words[root + USED] = used);
      if (isEmpty || words[slot + 1] === this.next) throw this.#tooMuch();
      this.#assertUnread(words[slot + 1]!);
    }
    words[root + HEAD] = head + 1;
    return words[slot]!;
  }

  /** Whether a retired page can be had without waiting. */
  #isFree(slot: number, hasUnused: boolean): boolean {
    const since = this.#words[slot + 1]!;
    if (this.#isSafe(since)) return true;
    const waiting = (this.#words[this.#root + TAIL]! - this.#words[this.#root + HEAD]!) | 0;
    if (this.#hasLooked || (hasUnused && waiting < LOOK_EVERY)) return false;
    this.#look();
    return this.#isSafe(since);
  }

  #isSafe(version: number): boolean {
    return ((this.#safe - version) | 0) >= 0;
  }

  #look(): void {
    this.#hasLooked = true;
    this.#safe = this.#pins.safeUpTo(this.#current, this.#safe);
  }

  #assertUnread(version: number): void {
    if (this.isUnread(version)) return;
    this.#failure = new VersionsHeldError(this.#name);
    throw this.#failure;
  }

  #tooMuch(): MisuseError {
    this.#failure = new MisuseError(`"${this.#name}": one turn changes more pages than are spare; nothing changed`);
    return this.#failure as MisuseError;
  }
}
