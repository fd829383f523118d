/** Request bodies: their limit, their media type, and JSON whose integers are exact. */
import { BadRequestError, BodyTooLargeError, UnsupportedMediaTypeError } from '../errors.ts';
import type { Awaitable } from '../sync/wait.ts';
import { hasBody, MAX_BODY_BYTES } from './body-memory.ts';
import type { Exchange, HttpContext } from './exchange.ts';

const JSON_TYPE = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The text of a JSON body, undefined when the request has none. A body is not touched when its headers say that it
 * is empty: reading one that is not there costs a fifth of the request.
 *
 * @throws {UnsupportedMediaTypeError} it is not JSON by its headers
 * @throws {BodyTooLargeError} it has more than `MAX_BODY_BYTES`
 * @throws {OverloadedError} there was no room for it
 * @throws {BadRequestError} it is not UTF-8
 */
export function bodyText(context: HttpContext, exchange: Exchange): Awaitable<string | undefined> {
  const length = exchange.header('content-length');
  if (!hasBody(length, exchange.header('transfer-encoding'))) return undefined;
  if (Number(length) > MAX_BODY_BYTES) throw new BodyTooLargeError(MAX_BODY_BYTES);
  const { rawBody: body, bodyRefusal } = context.env?.incoming ?? {};
  if (bodyRefusal !== undefined) throw bodyRefusal;
  if (body !== undefined) return textOf(body, exchange);
  return context.req.arrayBuffer().then((bytes) => textOf(new Uint8Array(bytes), exchange)); // no socket: a test
}

function textOf(bytes: Uint8Array, exchange: Exchange): string | undefined {
  if (bytes.byteLength > MAX_BODY_BYTES) throw new BodyTooLargeError(MAX_BODY_BYTES);
  if (bytes.byteLength === 0) return undefined;
  refuseOtherTypes(exchange);
  return decode(bytes);
}

function refuseOtherTypes(exchange: Exchange): void {
  const type = exchange.header('content-type');
  if (type === undefined || !JSON_TYPE.test(type)) {
    throw new UnsupportedMediaTypeError('the body must be sent as content-type: application/json in UTF-8');
  }
  const encoding = exchange.header('content-encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new UnsupportedMediaTypeError('the body must be sent without content-encoding');
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new BadRequestError([{ field: 'body', detail: 'must be UTF-8' }]);
  }
}

/**
 * Parses JSON whose numbers must be integers. A literal that is not one by its digits is refused even where a double
 * would round it to one (`9007199254740990.5`).
 *
 * @throws {BadRequestError} it is not JSON, or a number in it is not an integer
 */
export function parseIntegers(text: string): unknown {
  try {
    return /[.eE]/.test(text) ? JSON.parse(text, refuseFractions as Reviver) : JSON.parse(text);
  } catch (error) {
    if (error instanceof BadRequestError) throw error;
    throw new BadRequestError([{ field: 'body', detail: 'must be JSON' }]);
  }
}

/**
 * Parses any JSON. A number that a double cannot hold exactly as an integer, or not at all, is refused, since it would
 * come back as another.
 *
 * @throws {BadRequestError} it is not JSON, or has such a number
 */
export function parseJson(text: string): unknown {
  try {
    // With a function, parsing recurses, and stops at some 2,000 levels. Without these, no number can be inexact.
    return /\d{16}|\d[eE]/.test(text) ? JSON.parse(text, refuseInexact) : JSON.parse(text);
  } catch (error) {
    if (error instanceof BadRequestError) throw error;
    const detail = error instanceof RangeError ? 'must be nested less deeply' : 'must be JSON';
    throw new BadRequestError([{ field: 'body', detail }]);
  }
}

function refuseInexact(name: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  if (Number.isFinite(value) && !Number.isInteger(value)) return value;
  throw new BadRequestError([{ field: name === '' ? 'body' : name, detail: 'must be within ±(2^53 − 1)' }]);
}

/** TypeScript does not know the third argument yet: the literal as it stands in the text. */
type Reviver = (name: string, value: unknown) => unknown;

function refuseFractions(name: string, value: unknown, { source }: { source?: string }): unknown {
  if (typeof value !== 'number' || source === undefined || isInteger(source)) return value;
  throw new BadRequestError([{ field: name === '' ? 'body' : name, detail: 'must be an integer' }]);
}

/** Whether a JSON number is an integer by its digits: `1.0`, `10e-1` and `0e-9` are, `1e-400` is not. One pass. */
function isInteger(source: string): boolean {
  const at = source.search(/[eE]/);
  const mantissa = at === -1 ? source : source.slice(0, at);
  const exponent = at === -1 ? 0 : Number(source.slice(at + 1));
  const point = mantissa.indexOf('.');
  const fractionDigits = point === -1 ? 0 : mantissa.length - point - 1;
  // A pattern such as /0+$/ would begin anew at every zero: quadratic.
  let end = mantissa.length;
  let trailingZeros = 0;
  for (; end > 0 && '.0'.includes(mantissa[end - 1]!); end--) if (end - 1 !== point) trailingZeros += 1;
  const isZero = end === 0 || mantissa[end - 1] === '-';
  return isZero || fractionDigits - trailingZeros <= exponent;
}
