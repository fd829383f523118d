/**
 * Where everything of a `SnapshotCell` lies, in 32-bit words. Memory full of zeros is a valid, empty cell.
 *
 * ```
 * control   word 0: current version
 * pins      one cache line per thread position; see `SnapshotPins`
 * roots     a ring: version v has the root v / 2 mod `roots`
 * retired   a ring of [page, version that no longer has it]
 * pages     256 words each. Page 0 is never written: as data it reads as zero, as a directory it maps to itself
 * ```
 *
 * A root is all there is of a version: four words that say which pages are free, eight float64 fields for whoever
 * keeps data in the cell, and the physical page of each directory. A directory has the physical page of each of its
 * 256 logical pages.
 */
import { MAX_THREADS } from './thread-table.ts';

/** Versions are even and go round at 2^32, so that an odd word can say "pinned" and 0 "not pinned". */
export const VERSION_STEP = 2;

export const PAGE_SHIFT = 8;
export const PAGE_WORDS = 1 << PAGE_SHIFT;
export const IN_PAGE = PAGE_WORDS - 1;
/** Logical words that a directory covers, as a shift. */
export const DIRECTORY_SHIFT = 2 * PAGE_SHIFT;

export const LINE_WORDS = 16;

export const CURRENT = 0;
export const PINS = LINE_WORDS;
const ROOTS = PINS + MAX_THREADS * LINE_WORDS;

// Words of a root.
/** Physical pages that were ever used, page 0 not counted. */
export const USED = 0;
/** The ring of retired pages runs from HEAD to TAIL; both only grow and go round at 2^32. */
export const HEAD = 1;
export const TAIL = 2;
/** A version that no reader is behind, now or later: pages retired by it and before are free. */
export const SAFE = 3;
/** Float64 fields. */
export const FIELDS = 4;
export const FIELD_COUNT = 8;
export const TOP = FIELDS + 2 * FIELD_COUNT;

/** Enough versions for a reader of a millisecond beside fast writers; fewer where roots are large. */
const MAX_ROOTS = 1024;
const MIN_ROOTS = 16;
const ROOTS_BUDGET_WORDS = 2 ** 20;
/** 8 MiB: about as many versions as there are roots, at eight pages each. Only those in use take real memory. */
const SPARE_PAGES = 8192;

export interface SnapshotSize {
  /** Logical 32-bit words. */
  readonly words: number;
  /** Pages beyond those that one version can have: how much may change while a reader stays, and in one turn. */
  readonly sparePages?: number;
}

export interface SnapshotLayout {
  /** Logical words are below this: whole directories. */
  readonly directories: number;
  /** Physical pages, page 0 included. */
  readonly physicalPages: number;
  readonly roots: number;
  readonly rootMask: number;
  readonly rootWords: number;
  readonly retired: number;
  readonly retiredMask: number;
  readonly pages: number;
  readonly bytes: number;
}

export function snapshotLayout({ words, sparePages = SPARE_PAGES }: SnapshotSize): SnapshotLayout {
  const logicalPages = Math.ceil(words / PAGE_WORDS);
  const directories = Math.ceil(logicalPages / PAGE_WORDS);
  const physicalPages = 1 + logicalPages + directories + sparePages;
  const rootWords = Math.ceil((TOP + directories) / LINE_WORDS) * LINE_WORDS;
  const affordable = 2 ** Math.floor(Math.log2(ROOTS_BUDGET_WORDS / rootWords));
  const rootCount = Math.min(Math.max(affordable, MIN_ROOTS), MAX_ROOTS);
  // Each physical page is in the ring at most once, also while a turn that may yet be discarded adds to it.
  const ringSlots = 2 ** Math.ceil(Math.log2(Math.max(physicalPages, LINE_WORDS)));
  const retired = ROOTS + rootCount * rootWords;
  const pages = retired + ringSlots * 2;
  return {
    directories,
    physicalPages,
    roots: ROOTS,
    rootMask: rootCount - 1,
    rootWords,
    retired,
    retiredMask: ringSlots - 1,
    pages,
    bytes: (pages + physicalPages * PAGE_WORDS) * 4,
  };
}
