/** Keys, limits and cursors as they come in URLs. */
import { BadRequestError } from '../errors.ts';
import { MAX_KEY_BYTES } from '../sync/key-hash.ts';
import type { PageRequest } from '../resources/counters.ts';
import type { HttpContext } from './exchange.ts';

const CONTROL = /\p{Cc}/u;
/** What needs no decoding and no further look: the usual key. */
const PLAIN = /^[\w\-.~!$&'()*+,;=:@]{1,128}$/;

export const DEFAULT_LIMIT = 100;
export const MAX_LIMIT = 1000;
const MAX_CURSOR = 2 ** 31 - 1;

/**
 * The segment of the path that is a key, percent-decoded.
 *
 * @param index of the segment: 0 is the empty one before the first slash
 * @throws {BadRequestError} it is not UTF-8 after decoding, has control characters, or is too long
 */
export function keyInPath(context: HttpContext, index: number, field = 'key'): string {
  const segment = segmentOf(context.req.url, index);
  if (PLAIN.test(segment)) return segment;
  return checkedKey(decode(segment, field), field);
}

/** @throws {BadRequestError} a key that is empty, too long, or has control characters */
export function checkedKey(key: string, field = 'key'): string {
  const bytes = Buffer.byteLength(key);
  if (bytes === 0 || bytes > MAX_KEY_BYTES)
    throw bad(field, `must have 1 to ${MAX_KEY_BYTES} bytes of UTF-8, not ${bytes}`);
  if (CONTROL.test(key)) throw bad(field, 'must not have control characters');
  return key;
}

/**
 * A name that a body or a query gives: a key, but for `.` and `..`, which no URL can address.
 *
 * @throws {BadRequestError}
 */
export function named(name: string, field: string): string {
  if (!name.isWellFormed()) throw bad(field, 'must be well-formed Unicode');
  if (name === '.' || name === '..') throw bad(field, 'must not be "." or ".."');
  return checkedKey(name, field);
}

/** A name in the query, undefined when it is not given. @throws {BadRequestError} */
export function nameInQuery(context: HttpContext, field: string): string | undefined {
  const { search } = new URL(context.req.url);
  const values = search
    .slice(1)
    .split('&')
    .filter((parameter) => parameter === field || parameter.startsWith(`${field}=`));
  if (values.length > 1) throw bad(field, 'must be given once');
  const value = values[0]?.slice(field.length + 1).replaceAll('+', ' ');
  return value === undefined ? undefined : named(decode(value, field), field);
}

/** `limit` and `cursor` of a listing. @throws {BadRequestError} naming each that is wrong */
export function pageRequest(context: HttpContext): PageRequest {
  const limit = integer(context, 'limit', 1, MAX_LIMIT, DEFAULT_LIMIT);
  const cursor = integer(context, 'cursor', 0, MAX_CURSOR, 0);
  const errors = [limit, cursor].filter((value) => typeof value === 'object');
  if (typeof limit === 'object' || typeof cursor === 'object') throw new BadRequestError(errors);
  return { limit, cursor };
}

function integer(context: HttpContext, field: string, low: number, high: number, fallback: number) {
  const values = context.req.queries(field) ?? [];
  if (values.length === 0) return fallback;
  const value = Number(values[0]);
  if (values.length === 1 && /^\d{1,10}$/.test(values[0]!) && value >= low && value <= high) return value;
  return { field, detail: `must be one whole number from ${low} to ${high}` };
}

function segmentOf(url: string, index: number): string {
  let start = url.indexOf('/', url.indexOf('//') + 2);
  for (let at = 1; at < index; at++) start = url.indexOf('/', start + 1);
  const query = url.indexOf('?', start);
  const slash = url.indexOf('/', start + 1);
  const end = slash === -1 || (query !== -1 && query < slash) ? query : slash;
  return url.slice(start + 1, end === -1 ? undefined : end);
}

function decode(segment: string, field: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw bad(field, 'must be percent-encoded UTF-8');
  }
}

function bad(field: string, detail: string): BadRequestError {
  return new BadRequestError([{ field, detail }]);
}
