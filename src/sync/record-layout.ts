/** What one record is, in 32-bit words, in whichever table it lies: a cache line, and room elsewhere for a long key. */
import { MAX_KEY_BYTES } from './key-hash.ts';

/** Words of payload in each record. */
export const PAYLOAD_WORDS = 4;

/** Record number + 1 of the next in the chain or in the free list; 0 ends it. */
export const NEXT = 0;
export const HASH = 1;
/** 0 free, −(shard + 1) reserved, else the key's bytes. */
export const STATE = 2;
export const PAYLOAD = 4;
export const KEY = PAYLOAD + PAYLOAD_WORDS;
export const RECORD_WORDS = 16;
export const INLINE_KEY_WORDS = RECORD_WORDS - KEY;
export const LONG_KEY_WORDS = MAX_KEY_BYTES / 4 - INLINE_KEY_WORDS;

/** Words with a bit for each of so many records, in whole quarters of a cache line. */
export function bitWordsFor(capacity: number): number {
  return Math.ceil(capacity / 256) * 8;
}

/**
 * Goes by bits from record to record without a look at those in between.
 *
 * @param wordAt the bits of records 32 × n and on
 * @returns the first record from `from` on whose bit is set and that is in use, −1 when there is none before `end`
 */
export function nextInUse(
  from: number,
  end: number,
  wordAt: (n: number) => number,
  isInUse: (record: number) => boolean,
): number {
  for (let record = from; record < end; record++) {
    const bits = wordAt(record >>> 5) >>> (record & 31);
    if (bits === 0) {
      record |= 31; // the last of its word
      continue;
    }
    record += 31 - Math.clz32(bits & -bits);
    if (record < end && isInUse(record)) return record;
  }
  return -1;
}

/** Buckets for so many records: a power of two, at least one per record. */
export function bucketsFor(capacity: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(capacity, 16)));
}
