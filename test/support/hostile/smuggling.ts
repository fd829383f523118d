import {
  type Expected,
  httpRequest,
  type HostileRequest,
  jsonType,
  rawRequest,
  sent,
  sentAndEnded,
  shown,
  words,
} from './hostile-request.ts';

/**
 * Requests whose end is open to interpretation. A server and a proxy that disagree about it let one client write the
 * start of another's request, so anything ambiguous is refused and the connection closed.
 *
 * @param base `/v1/{strategy}/counters`
 * @see RFC 9112, section 6.3 (message body length) and 11.2 (request smuggling)
 */
export function smugglingAttempts(base: string): HostileRequest[] {
  return [...lengths(base), ...codings(base), ...chunks(base), ...truncated(base), ...inOneConnection(base)];
}

const closes = { closes: true };
const type = 'Content-Type: application/json';
const body = '{"by":1}';
const inChunks = `8\r\n${body}\r\n0\r\n\r\n`;
const chunkedCoding = 'Transfer-Encoding: chunked';

/** Framing headers that no server may guess the meaning of, each with what follows the head. */
export const ambiguousFraming: readonly (readonly [framing: readonly string[], content: string])[] = [
  ...words`-1 +8 0x8 8e0 8.0 8,9 abc 8; 18446744073709551624`.map(
    (length) => [[`Content-Length: ${length}`], body] as const,
  ),
  ...['', ' ', '8 8', '8, 8', '\v8'].map((length) => [[`Content-Length: ${length}`], body] as const),
  ...words`identity gzip xchunked chunkedx "chunked" chunked;q=1`.map(
    (coding) => [[`Transfer-Encoding: ${coding}`], inChunks] as const,
  ),
  ...['', 'chunked, identity', 'chunked, gzip', '\vchunked'].map(
    (coding) => [[`Transfer-Encoding: ${coding}`], inChunks] as const,
  ),
  [['Content-Length: 8', 'Content-Length: 0'], body],
  [['Content-Length: 8', 'Content-Length: 8'], body],
  [['Content-Length : 8'], body],
  [['Content-Length:', ' 8'], body],
  [['Content-Length: 18', chunkedCoding], inChunks],
  [[chunkedCoding, 'Content-Length: 18'], inChunks],
  [['Content-Length: 0', chunkedCoding], inChunks],
  [['Transfer-Encoding : chunked'], inChunks],
  [['Transfer-Encoding:', ' chunked'], inChunks],
  [['Transfer-Encoding: gzip', chunkedCoding], inChunks],
  [[chunkedCoding, 'Transfer-Encoding: gzip'], inChunks],
  [[chunkedCoding, chunkedCoding], inChunks],
  ...['zz', '-1', '+8', '0x8', ' 8', '', 'FFFFFFFFFFFFFFFFF', '8_0', '8\0'].map(
    (size) => [[chunkedCoding], `${size}\r\n${body}\r\n0\r\n\r\n`] as const,
  ),
];

/** An increment whose framing headers are written by hand. */
function post(base: string, framing: readonly string[], content: string): Buffer {
  return rawRequest([`POST ${base}/sentinel/increment HTTP/1.1`, 'Host: 127.0.0.1', type, ...framing], content);
}

function lengths(base: string): HostileRequest[] {
  const values = [
    ...words`-1 +8 0x8 8e0 8.0 8,9 abc 8; 18446744073709551624`,
    '',
    ' ',
    '8 8',
    '8, 8',
    '\v8',
    '8\v',
    '9'.repeat(40),
  ];
  const refused = (name: string, framing: string[], content = body) =>
    sent(name, post(base, framing, content), [400], closes);
  const read = [`GET ${base}/sentinel HTTP/1.1`, 'Host: a', 'Content-Length: 4', chunkedCoding];
  return [
    ...values.map((value) => refused(`the length ${shown(value)}`, [`Content-Length: ${value}`])),
    refused('two lengths', ['Content-Length: 8', 'Content-Length: 0']),
    refused('the same length twice', ['Content-Length: 8', 'Content-Length: 8']),
    refused('a space before the colon of the length', ['Content-Length : 8']),
    refused('a folded length', ['Content-Length:', ' 8']),
    refused('length and chunks', ['Content-Length: 18', chunkedCoding], inChunks),
    refused('chunks and length', [chunkedCoding, 'Content-Length: 18'], inChunks),
    refused('length 0 and chunks', ['Content-Length: 0', chunkedCoding], inChunks),
    sent('length and chunks on a read', rawRequest(read, '0\r\n\r\n'), [400], closes),
  ];
}

function codings(base: string): HostileRequest[] {
  const values = [
    ...words`identity gzip xchunked chunkedx "chunked" chunked;q=1`,
    '',
    'chunked, identity',
    'chunked, gzip',
    'c hunked',
    '\vchunked',
    'chunked\0',
  ];
  const coded = (name: string, framing: string[], statuses: number[], more = {}) =>
    sent(name, post(base, framing, inChunks), statuses, more);
  const http10 = rawRequest([`POST ${base}/sentinel/increment HTTP/1.0`, type, chunkedCoding], inChunks);
  return [
    ...values.map((value) =>
      coded(`the transfer coding ${shown(value)}`, [`Transfer-Encoding: ${value}`], [400, 501], closes),
    ),
    coded('a coding below chunks', ['Transfer-Encoding: gzip, chunked'], [501, 400, 415]),
    coded('chunks twice', [chunkedCoding, chunkedCoding], [400, 501]),
    coded('chunks twice in one line', ['Transfer-Encoding: chunked, chunked'], [400, 501]),
    coded('chunks, then a coding', [chunkedCoding, 'Transfer-Encoding: gzip'], [400, 501]),
    coded('a space before the colon of the coding', ['Transfer-Encoding : chunked'], [400], closes),
    coded('a folded coding', ['Transfer-Encoding:', ' chunked'], [400], closes),
    sent('chunks in HTTP/1.0', http10, [400], closes),
  ];
}

function chunks(base: string): HostileRequest[] {
  const sizes = ['zz', '-1', '+8', '0x8', ' 8', '', 'FFFFFFFFFFFFFFFFF', 'g', '8_0', '8\0', `8;\0\r\n${body}`];
  const ends = [
    `8 \r\n${body}x`,
    `8\n${body}\n0\n\n`,
    `8\r${body}`,
    `8\r\n${body}0\r\n\r\n`,
    `7\r\n${body}\r\n0\r\n\r\n`,
    `8\r\n${body}\n0\r\n\r\n`,
    `8\r\n${body}\r\n0\r\nX Y\r\n\r\n`,
    `8\r\n${body}\r\nGET / HTTP/1.1\r\n\r\n`,
  ];
  const chunked = (name: string, content: string, statuses: number[]) =>
    sent(name, post(base, [chunkedCoding], content), statuses, closes);
  const long = 'a'.repeat(100_000);
  return [
    ...[...sizes.map((size) => `${size}\r\n`), ...ends].map((content) =>
      chunked(`chunks ${shown(content)}`, content, [400]),
    ),
    chunked('a chunk extension of 100,000 bytes', `8;${long}\r\n${body}\r\n0\r\n\r\n`, [400, 413]),
    chunked('trailers of 100,000 bytes', `8\r\n{"by":x}\r\n0\r\nX: ${long}\r\n\r\n`, [431, 400]),
  ];
}

/** Bodies that end too early: the client ends its side, so nothing more can come. */
function truncated(base: string): HostileRequest[] {
  const cut = (name: string, framing: string, content: string) =>
    sentAndEnded(name, post(base, [framing], content), [400, 0]);
  const whole = httpRequest({ method: 'POST', path: `${base}/half-closed/increment`, headers: jsonType, body });
  return [
    cut('half a body', 'Content-Length: 16', body),
    cut('no body', 'Content-Length: 8', ''),
    cut('half a chunk', chunkedCoding, `10\r\n${body}`),
    cut('chunks without their end', chunkedCoding, `8\r\n${body}\r\n`),
    cut('no chunk', chunkedCoding, ''),
    sentAndEnded('an increment', whole, [200], { key: 'half-closed', changes: true }),
  ];
}

/** Several requests in one packet: answers come in their order, and a body is never taken for a request. */
function inOneConnection(base: string): HostileRequest[] {
  const read = httpRequest({ path: `${base}/sentinel` });
  const smuggled = httpRequest({ method: 'DELETE', path: `${base}/sentinel` });
  const readWithBody = httpRequest({ path: `${base}/sentinel`, body: smuggled });
  const nobody = httpRequest({ path: `${base}/nobody` });
  const increment = httpRequest({ method: 'POST', path: `${base}/pipelined/increment` });
  const text = {
    method: 'POST',
    path: `${base}/sentinel/increment`,
    headers: { 'content-type': 'text/plain' },
    body: smuggled,
  };
  const nowhere = { method: 'POST', path: '/nowhere', headers: jsonType, body: smuggled };
  const twoLengths = post(base, ['Content-Length: 0', 'Content-Length: 1'], '');
  return [
    both('two reads', read, nobody, 200, 404),
    both('a read, then garbage', read, '\0\0\0\r\n\r\n', 200, 400, closes),
    both('a read, then two lengths', read, twoLengths, 200, 400, closes),
    both('a write, then garbage', increment, 'GARBAGE\r\n\r\n', 200, 400, { ...closes, changes: true }),
    both('a read with a request for a body', readWithBody, nobody, 200, 404),
    both('a refused body that holds a request', httpRequest(text), nobody, 415, 404),
    both('a body of an unknown path that holds a request', httpRequest(nowhere), nobody, 404, 404),
  ];
}

/** Two requests in one packet, with the status of the answer to each. */
function both(
  name: string,
  first: Buffer,
  second: Buffer | string,
  before: number,
  status: number,
  more: Omit<Expected, 'statuses' | 'before'> = {},
): HostileRequest {
  return sent(name, Buffer.concat([first, Buffer.from(second)]), [status], { before: [before], ...more });
}
