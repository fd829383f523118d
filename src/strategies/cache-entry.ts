/**
 * A document as a cache keeps it and a load brings it: one piece of bytes, made once, outside every critical section.
 *
 * ```
 * float64 0–2   version, stored at, expires at (milliseconds of `Clock.nowMs`)
 * byte 24       ETag, 22 characters
 * byte 46       flags: what became of the load that brought it; without meaning in memory
 * byte 48       the body
 * ```
 */
import { hash } from 'node:crypto';
import type { CachedDocument } from '../resources/cache.ts';

/** As above, at an offset of 8 bytes. Not to be changed: others may hold the same bytes. */
export type Entry = Uint8Array<ArrayBuffer>;

export const VERSION = 0;
export const EXPIRES_AT_MS = 2;
const STORED_AT_MS = 1;
const TIMES = 3;
const ETAG = TIMES * 8;
const ETAG_CHARACTERS = 22;
const FLAGS = ETAG + ETAG_CHARACTERS;
const BODY = 48;

/** The load stored it. */
export const STORED = 0b01;
/** The load found that another one had stored it. */
export const FOUND = 0b10;
/** There is no document as of this version, and no body. */
export const NONE = 0b100;

export interface NewEntry {
  /** JSON text. */
  readonly value: string;
  readonly version: number;
  readonly ttlMs: number;
}

/** @param nowMs of `Clock.nowMs`, as everywhere here */
export function packEntry(key: string, { value, version, ttlMs }: NewEntry, nowMs: number): Entry {
  const body = `{"key":${JSON.stringify(key)},"value":${value}}`;
  const entry = Buffer.allocUnsafeSlow(BODY + Buffer.byteLength(body)); // at offset 0 of its own memory
  new Float64Array(entry.buffer, 0, TIMES).set([version, nowMs, nowMs + ttlMs]);
  entry.write(body, BODY);
  entry.write(etagOf(entry.subarray(BODY)), ETAG, 'latin1');
  entry.writeUInt16LE(0, FLAGS);
  return entry;
}

/** What a load brings where the origin has no document; never kept. */
export function packNone(version: number): Entry {
  const entry = Buffer.from(new ArrayBuffer(BODY));
  new Float64Array(entry.buffer, 0, TIMES)[VERSION] = version;
  return flag(entry, NONE);
}

export function openEntry(entry: Entry, nowMs: number): CachedDocument {
  const times = new Float64Array(entry.buffer, entry.byteOffset, TIMES);
  return {
    body: entry.subarray(BODY),
    etag: Buffer.from(entry.buffer, entry.byteOffset + ETAG, ETAG_CHARACTERS).toString('latin1'),
    ageMs: nowMs - times[STORED_AT_MS]!,
    freshForMs: times[EXPIRES_AT_MS]! - nowMs,
  };
}

export function versionOf(entry: Entry): number {
  return new Float64Array(entry.buffer, entry.byteOffset, 1)[VERSION]!;
}

export function expiresAtMsOf(entry: Entry): number {
  return new Float64Array(entry.buffer, entry.byteOffset, TIMES)[EXPIRES_AT_MS]!;
}

export function flagsOf(entry: Entry): number {
  return entry[FLAGS]!;
}

export function flag(entry: Entry, flags: number): Entry {
  entry[FLAGS] = flags;
  return entry;
}

/** 128 bits of SHA-256: the same body has the same tag on every thread and after a restart. */
function etagOf(body: Uint8Array): string {
  return hash('sha256', body, 'base64url').slice(0, ETAG_CHARACTERS);
}
