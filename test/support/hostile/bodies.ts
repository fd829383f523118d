import { chunked, httpRequest, type HostileRequest, jsonType, sent, shown, words } from './hostile-request.ts';

/** JSON texts that are no exact integer within ±(2^53 − 1). */
const refusedIntegers = [
  ...words`null true false "1" "" "abc" [] [1] {} {"valueOf":1} {"by":1}`,
  ...words`1.5 -1.5 0.1 1e-1 15e-1 1e-400 -1e-400 1e-99999999999 0.99999999999999999999 1.00000000000000000001`,
  ...words`9007199254740991.4 -9007199254740991.4 9007199254740990.5 4503599627370497.5`,
  ...words`9007199254740992 -9007199254740992 9007199254740993 18446744073709551616 123456789012345678901234567890`,
  ...words`1e16 1e308 1e309 1e400 -1e400 1e99999 9.007199254740992e15`,
  `1${'0'.repeat(400)}`,
];

/** Texts that are an exact integer, though not the way one would write it. */
const oddIntegers = words`1.0 -1.000 1e0 1E2 -1e+2 10e-1 1.50e1 -0 -0.0 0e-5 0e400 9007199254740991.0`;

export const notJson: (string | Buffer)[] = [
  ...words`{ } [ " {"by {"by": {"by":1 {"by":} {"by":1,} {,"by":1} {by:1} {'by':1} {"by":1;} {"by":1}] {"by":1}/**/`,
  ...words`{"by":01} {"by":+1} {"by":.5} {"by":1.} {"by":0x10} {"by":1n} {"by":NaN} {"by":Infinity} {"by":-Infinity}`,
  ...words`{"by":1e} {"by":1_000} {"by":--1} {"by":undefined} {"b\y":1} {"by":"\u00"} {"by":1}{"by":1}`,
  ...words`nul True undefined by=1 <by>1</by>`,
  ' ',
  '\n',
  '\0',
  '{"by":1}\0',
  '\f{"by":1}',
  '\u00a0{"by":1}',
  '{"by":"\u0001"}',
  '{"by":1 2}',
  '{"by" 1}',
  '{"by":1} x',
  '// c\n{"by":1}',
  '--b\r\n\r\n1\r\n--b--',
  '['.repeat(30_000),
  '{"by":'.repeat(8_000),
  '"'.repeat(60_001),
  '-'.repeat(60_000),
  Buffer.from('{"by":1}', 'utf16le'),
  Buffer.from('{"by":1}\xff', 'latin1'),
  Buffer.from('{"\xff":1}', 'latin1'),
  Buffer.from('{"by":"\xed\xa0\x80"}', 'latin1'),
  Buffer.from([0x1f, 0x8b, 0x08, 0x00]),
];

export const notObjects = [
  ...words`null true false 0 1 "1" "" [] [1] [{"by":1}]`, //
  `${'['.repeat(9_000)}${']'.repeat(9_000)}`,
];

const unknownFields = [
  ...words`{"by":1,"x":1} {"BY":1} {"":1} {"by\u0000":1} {"amount":5} {"value":5} {"by":1,"key":"other"}`,
  ...words`{"__proto__":{"by":5}} {"__proto__":null} {"by":1,"__proto__":{"x":1}} {"by":1,"__proto__":1}`,
  ...words`{"constructor":{"prototype":{"by":9}}} {"by":1,"constructor":1} {"by":1,"toString":null} {"hasOwnProperty":1}`,
  '{"by ":1}',
  `{"by":1,${Array.from({ length: 3_000 }, (_, index) => `"f${index}":0`).join()}}`,
  `${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}`,
];

const failedWrite = { failedWrite: true };

/** @param base `/v1/{strategy}/counters` */
export function hostileBodies(base: string): HostileRequest[] {
  const increment = `${base}/sentinel/increment`;
  const compare = `${base}/sentinel/compare-and-set`;
  const incomplete = words`{} {"expected":41} {"value":1} {"expected":41,"value":1,"x":1} {"value":1,"__proto__":{"expected":41}}`;
  return [
    ...refusedIntegers.map((integer) => refused(increment, `{"by":${integer}}`)),
    ...refusedIntegers.map((integer) => refused(compare, `{"expected":${integer},"value":1}`)),
    ...refusedIntegers.map((integer) => refused(compare, `{"expected":41,"value":${integer}}`)),
    ...[...notJson, ...notObjects].flatMap((body) => [refused(increment, body), refused(compare, body)]),
    ...unknownFields.map((body) => refused(increment, body)),
    ...['', ...incomplete].map((body) => refused(compare, body)),
    ...oddIntegers.map((integer, index) => odd(base, integer, index)),
    ...mediaTypes(increment),
    ...sizes(base, increment),
  ];
}

function post(path: string, body: string | Buffer, headers: Record<string, string> = jsonType): Buffer {
  return httpRequest({ method: 'POST', path, headers, body });
}

function refused(path: string, body: string | Buffer): HostileRequest {
  return sent(`${path.split('/').at(-1)} with the body ${shown(body)}`, post(path, body), [400], failedWrite);
}

function odd(base: string, integer: string, index: number): HostileRequest {
  const key = `odd-${index}`;
  const body = `\r\n\t {"by" : ${integer}} `;
  return sent(`increment by ${integer}, which is an integer`, post(`${base}/${key}/increment`, body), [200], {
    key,
    changes: true,
  });
}

/** Well-formed, and impossible: the sentinel holds 41. */
export function impossibleWrites(base: string): HostileRequest[] {
  const increment = `${base}/sentinel/increment`;
  const compare = `${base}/sentinel/compare-and-set`;
  const largest = Number.MAX_SAFE_INTEGER;
  return [
    ...[largest, largest - 40].map((by) =>
      sent(`increment by ${by}, too far`, post(increment, `{"by":${by}}`), [409], failedWrite),
    ),
    ...[0, 40, 42, -41, largest].map((expected) =>
      sent(
        `compare-and-set that expects ${expected}`,
        post(compare, `{"expected":${expected},"value":1}`),
        [409],
        failedWrite,
      ),
    ),
  ];
}

function mediaTypes(increment: string): HostileRequest[] {
  const wrong = [
    ...words`text/plain text/json text/html application/x-www-form-urlencoded multipart/form-data;boundary=b`,
    ...words`application/jsonx xapplication/json application json */* application/json;charset=utf-16`,
    'application/json; charset=latin1',
    'application/json, text/plain',
    '',
  ];
  const right = ['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/json;charset="UTF-8"'];
  const zero = '{"by":0}';
  const encoded = (encoding: string) => post(increment, zero, { ...jsonType, 'content-encoding': encoding });
  return [
    sent('a body without a content type', post(increment, zero, {}), [415], failedWrite),
    ...wrong.map((type) =>
      sent(`a body of the type ${shown(type)}`, post(increment, zero, { 'content-type': type }), [415], failedWrite),
    ),
    ...right.map((type) =>
      sent(`a body of the type ${shown(type)}`, post(increment, zero, { 'content-type': type }), [200]),
    ),
    ...['gzip', 'br', 'deflate', 'zstd', 'gzip, identity', 'nonsense'].map((encoding) =>
      sent(`a body with the encoding ${encoding}`, encoded(encoding), [415], failedWrite),
    ),
    sent('a body with the encoding identity', encoded('identity'), [200]),
  ];
}

const LIMIT_BYTES = 64 * 1024;

function sizes(base: string, increment: string): HostileRequest[] {
  const inChunks = { ...jsonType, 'transfer-encoding': 'chunked' };
  const whole = (bytes: number) => post(increment, padded(bytes));
  const split = (bytes: number, chunkBytes?: number) => post(increment, chunked(padded(bytes), chunkBytes), inChunks);
  const announced = post(increment, '', { ...jsonType, 'content-length': '10000000000' });
  const empty = (headers: Record<string, string>, body = '') => post(`${base}/empty/increment`, body, headers);
  const counts = { key: 'empty', changes: true };
  return [
    sent('a body of exactly 64 KiB', whole(LIMIT_BYTES), [200]),
    sent('chunks of exactly 64 KiB', split(LIMIT_BYTES), [200]),
    sent('a body of 64 KiB and a byte', whole(LIMIT_BYTES + 1), [413], failedWrite),
    sent('chunks of 64 KiB and a byte', split(LIMIT_BYTES + 1), [413], failedWrite),
    sent('a body of 1 MiB', whole(1 << 20), [413], failedWrite),
    sent('chunks of 1 MiB', split(1 << 20), [413], failedWrite),
    sent('one chunk of 200 KiB', split(200 << 10, 1 << 20), [413], failedWrite),
    sent('70,000 chunks of a byte', split(70_000, 1), [413], failedWrite),
    sent('10 GB announced, none sent', announced, [413], failedWrite),
    sent('an empty body of another type', empty({ 'content-type': 'text/plain' }), [200], counts),
    sent('an empty JSON body', empty(jsonType), [200], counts),
    sent('an empty chunked body', empty(inChunks, '0\r\n\r\n'), [200], counts),
  ];
}

/** A valid body, blank up to its size. */
function padded(bytes: number): Buffer {
  return Buffer.from('{"by":0}'.padEnd(bytes));
}
