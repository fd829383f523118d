/** What a `ConnectionTable` keeps its connections in: in place, or in the pages of a snapshot. */
import type { Written } from '../origin/origin.ts';
import type { Former } from '../resources/connections.ts';

/** Entries by record number, with the word beside each. */
export interface ConnectionEntries {
  readonly end: number;
  shardOf(id: string): number;
  shardAt(record: number): number;
  keyOf(record: number, shard: number): string | undefined;
  nextSequence(shard: number): number;
  find(id: string): number;
  number(record: number, field: number): number;
  /** What an entry has from a byte on, as UTF-8. */
  text(record: number, from: number): string;
  usedAtMs(record: number): number;
  /** Exchanges the word beside an entry. @returns whether it was `from` */
  exchangeUsedAt(record: number, from: number, to: number): boolean;
  /** Whether an entry of so many bytes would fit now. Where nothing is stored before memory changes, nobody asks. */
  fits?(id: string, byteLength: number): boolean;
  /** @param usedAtMs goes into the word beside it; undefined leaves that as it is */
  write(id: string, entry: Uint8Array, usedAtMs: number | undefined): boolean;
  remove(record: number): void;
  verify(): string[];
}

/** A connection that is about to be registered. */
export interface Drafted {
  readonly written: Written<string>;
  readonly replaced: Former | undefined;
}
