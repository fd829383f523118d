/** What a `ConnectionTable` keeps its connections in: in place, or in the pages of a snapshot. */
import type { Written } from '../origin/origin.ts';
import type { Former } from '../resources/connections.ts';

/** Entries by record number. */
export interface ConnectionEntries {
  readonly end: number;
  /** Records of a shard. */
  countOf(shard: number): number;
  /** The first record from `from` on, and before `end`, that is in use, −1 when there is none. */
  nextLive(from: number, end?: number): number;
  /** How many may be taken out in one section. */
  readonly leaveTogether: number;
  shardOf(id: string): number;
  shardAt(record: number): number;
  keyOf(record: number, shard: number): string | undefined;
  nextSequence(shard: number): number;
  find(id: string): number;
  number(record: number, field: number): number;
  /** What an entry has from a byte on, as UTF-8. */
  text(record: number, from: number): string;
  /** Changes a number in place, under what guards the shard. */
  setNumber(record: number, field: number, value: number): void;
  /** Exchanges a number in place, also without the guard. @returns whether it was `from` */
  exchangeNumber(record: number, field: number, from: number, to: number): boolean;
  /** Whether an entry of so many bytes would fit now. Where nothing is stored before memory changes, nobody asks. */
  fits?(id: string, byteLength: number): boolean;
  /** Puts an entry in the place of what its id has, in one step. @returns whether there was room; if not, nothing changed */
  write(id: string, entry: Uint8Array): boolean;
  remove(record: number): void;
  verify(): string[];
}

/** When a connection was heard of, by `Clock.nowMs`. */
export interface Heard {
  readonly heardAtMs: number;
}

/** A connection that is about to be registered. */
export interface Drafted {
  readonly written: Written<string> & Heard;
  readonly replaced: Former | undefined;
}
