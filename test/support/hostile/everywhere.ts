/**
 * What can be done wrong with any route, done to each: so that none is served by a path through the code on which
 * something was forgotten.
 */
import { notJson, notObjects } from './bodies.ts';
import {
  chunked,
  httpRequest,
  type HostileRequest,
  jsonType,
  rawRequest,
  sent,
  shown,
  words,
} from './hostile-request.ts';
import { refusedSegments } from './keys.ts';
import { ambiguousFraming } from './smuggling.ts';
import { wrongHeaderLines, wrongHosts } from './wire.ts';

/** A request that would be right. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON that it needs, or takes. */
  readonly body?: string;
  /** `path` with `*` for the name in it. */
  readonly named?: string;
  /** Methods that the path serves. */
  readonly methods: readonly string[];
}

const everyMethod = words`GET PUT POST DELETE PATCH OPTIONS TRACE PROPFIND MKCOL PURGE REPORT SEARCH QUERY LINK M-SEARCH`;
const mediaTypes = [
  ...words`text/plain text/json text/html application/x-www-form-urlencoded multipart/form-data;boundary=b`,
  ...words`application/jsonx xapplication/json application json */* application/json;charset=utf-16 application/json-patch+json`,
  'application/json; charset=latin1',
  'application/json, text/plain',
  '',
];
const encodings = ['gzip', 'br', 'deflate', 'zstd', 'gzip, identity', 'nonsense'];
const rawTails = ['?a b', '?\x01', '?\x7f', '?caf\xe9', '?\xff', ' HTTP/1.1 x', '\t'];
const versions = words`HTTP/1.2 HTTP/9.9 HTTP/1 HTTP/11 http/1.1 HTTPS/1.1 HTTP/0.9 HTTP/2.0`;
const closes = { closes: true };

const isRead = ({ method }: Operation): boolean => method === 'GET';

/** @returns every family that applies to the operation */
export function hostileAnywhere(operation: Operation): HostileRequest[] {
  const { named, body } = operation;
  return [
    ...heads(operation),
    ...framing(operation),
    ...methods(operation),
    ...(named === undefined ? [] : names(operation, named)),
    ...(body === undefined ? [] : bodies(operation, body)),
  ];
}

/** Lines of the head, but for its framing. */
function head({ method, path, headers = {}, body }: Operation): string[] {
  const type = body === undefined ? {} : jsonType;
  return [
    `${method} ${path} HTTP/1.1`,
    ...Object.entries<string>({ ...type, ...headers }).map(([name, value]) => `${name}: ${value}`),
  ];
}

function heads(operation: Operation): HostileRequest[] {
  const { method, path } = operation;
  const title = `${method} ${path}`;
  const [line, ...rest] = head(operation) as [string, ...string[]];
  const one = (name: string, lines: readonly string[], more = {}) =>
    sent(`${title} with ${name}`, rawRequest(lines), [400], more);
  const host = 'Host: 127.0.0.1';
  const long = 'a'.repeat(20_000);
  return [
    one('no host', [line, ...rest]),
    one('two hosts', [line, host, 'Host: evil.example', ...rest]),
    ...wrongHosts.map((value) => one(`the host ${shown(value)}`, [line, `Host: ${value}`, ...rest])),
    ...wrongHeaderLines.map((text) => one(`the line ${shown(text)}`, [line, host, ...rest, text], closes)),
    ...versions.map((version) => one(version, [`${method} ${path} ${version}`, host, ...rest])),
    ...rawTails.map((tail) => one(`${shown(tail)} at its end`, [`${method} ${path}${tail} HTTP/1.1`, host, ...rest])),
    sent(`${title} with a header of 20,000 bytes`, rawRequest([line, host, ...rest, `x: ${long}`]), [431], closes),
    sent(
      `${title} with a query of 20,000 bytes`,
      rawRequest([`${method} ${path}?${long} HTTP/1.1`, host]),
      [414],
      closes,
    ),
    sent(`${title} with an expectation`, rawRequest([line, host, ...rest, 'Expect: x']), [417]),
  ];
}

function framing(operation: Operation): HostileRequest[] {
  const { method, path } = operation;
  return ambiguousFraming.map(([lines, content]) =>
    sent(
      `${method} ${path} with ${shown(lines.join('; '))} and ${shown(content)}`,
      rawRequest([...head(operation), 'Host: 127.0.0.1', ...lines], content),
      [400],
      closes,
    ),
  );
}

function methods({ path, methods: served, headers = {} }: Operation): HostileRequest[] {
  const wrong = everyMethod.filter((method) => !served.includes(method));
  return [
    ...wrong.map((method) => sent(`${method} ${path}`, httpRequest({ method, path, headers }), [405])),
    ...words`get Get GETX FOO`.map((method) => sent(`${method} ${path}`, httpRequest({ method, path }), [400], closes)),
  ];
}

function names(operation: Operation, pattern: string): HostileRequest[] {
  return refusedSegments.map((segment) => {
    const path = pattern.replace('*', () => segment);
    const { method, headers = {}, body } = operation;
    const content = body === undefined ? { headers } : { headers: { ...jsonType, ...headers }, body };
    return sent(`${method} ${shown(path)}`, httpRequest({ method, path, ...content }), [400], {
      failedWrite: !isRead(operation),
    });
  });
}

function bodies(operation: Operation, right: string): HostileRequest[] {
  const { method, path, headers = {} } = operation;
  const limit = 64 * 1024;
  const one = (name: string, body: string | Buffer, statuses: number[], more: Record<string, string> = {}) =>
    sent(
      `${method} ${path} with ${name}`,
      httpRequest({ method, path, headers: { ...jsonType, ...headers, ...more }, body }),
      statuses,
      { failedWrite: true },
    );
  const untyped = httpRequest({ method, path, headers, body: right });
  return [
    ...notJson.map((body) => one(`the body ${shown(body)}`, body, [400])),
    ...notObjects.map((body) => one(`the body ${shown(body)}`, body, [400])),
    ...mediaTypes.map((type) => one(`the type ${shown(type)}`, right, [415], { 'content-type': type })),
    ...encodings.map((encoding) => one(`the encoding ${encoding}`, right, [415], { 'content-encoding': encoding })),
    sent(`${method} ${path} with an untyped body`, untyped, [415], { failedWrite: true }),
    one('64 KiB and a byte', right.padEnd(limit + 1), [413]),
    one('1 MiB', right.padEnd(1 << 20), [413]),
    one('chunks of 64 KiB and a byte', chunked(Buffer.from(right.padEnd(limit + 1))), [413], {
      'transfer-encoding': 'chunked',
    }),
    one('10 GB announced, none sent', '', [413], { 'content-length': '10000000000' }),
  ];
}
