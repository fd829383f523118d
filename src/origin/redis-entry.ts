/**
 * What Redis holds, all keys beginning with the namespace:
 *
 * ```
 * {namespace}:epoch                the service process that took the namespace last; whoever has another is fenced out
 * {namespace}:{cell}               a hash per cell, so that a cell is read back without looking at anything else:
 *                                  key → "{epoch} {version} {type}{value}", type n(umber), s(tring), d(eletion)
 * {namespace}:{cell}:tombstones    a sorted set: deleted key → when, in milliseconds of Redis' clock
 * {namespace}:probe, …:probe:order for trying out what is permitted; empty at all other times
 * {namespace}:{cell}:{part}        what a strategy keeps whose state is Redis itself; see `RedisCell`
 * ```
 *
 * Documents are kept apart: `redis-documents.ts`.
 */
import { OriginFailedError } from '../errors.ts';
import type { OriginValue, Written } from './origin.ts';

/** A version of a key as Redis keeps it. Of two, the one of the later epoch is newer, then the one of the higher version. */
export interface KeptEntry extends Written {
  /** The start of the service process that wrote it. */
  readonly epoch: number;
}

export function epochKey(namespace: string): string {
  return `${namespace}:epoch`;
}

export function cellHash(namespace: string, cell: string): string {
  return `${namespace}:${cell}`;
}

export function cellTombstones(namespace: string, cell: string): string {
  return `${namespace}:${cell}:tombstones`;
}

export function cellPart(namespace: string, cell: string, part: string): string {
  return `${namespace}:${cell}:${part}`;
}

/** A value with its type, as it stands behind the versions of an entry. */
export function encodeValue(value: OriginValue): string {
  if (value === undefined) return 'd';
  return typeof value === 'number' ? `n${value}` : `s${value}`;
}

const ENTRY = /^(\d+) (\d+) (?:n(?<number>-?[\d.e+-]+)|s(?<text>.*)|d)$/s;

/** @throws {OriginFailedError} something else wrote this */
export function decodeEntry(entry: string): KeptEntry {
  const found = ENTRY.exec(entry);
  if (found === null) throw foreignEntry();
  const { number, text } = found.groups!;
  const value = number === undefined ? text : Number(number);
  return { value, version: Number(found[2]), epoch: Number(found[1]) };
}

/** What is there under one of our keys was not written by us. */
export function foreignEntry(): OriginFailedError {
  return new OriginFailedError(
    'Redis holds something under our keys that this service did not write; take another REDIS_NAMESPACE',
  );
}
