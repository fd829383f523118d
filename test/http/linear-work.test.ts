/** What a request costs grows with what was sent, and no faster, whatever was sent. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderPage } from '../../src/render/page.ts';
import { exchangeRaw } from '../support/raw-http.ts';
import { anyStrategy } from '../support/served.ts';
import { startServiceUnderTest, type ServiceUnderTest } from '../support/service.ts';

/** Linear work takes four times as long for four times as much, quadratic work sixteen times. */
const TIMES_MORE = 4;
const MAX_GROWTH = 10;
/** What takes less may vary by any factor on a busy machine; quadratic work takes seconds at these sizes. */
const NOTICEABLE_MS = 1_000;
const ATTEMPTS = 3;

/** Asserts that the work for `size` takes at most so many times as long as for a quarter of it. */
async function expectLinear(size: number, work: (size: number) => unknown): Promise<void> {
  const quickestMs = async (of: number): Promise<number> => {
    let quickest = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < ATTEMPTS && quickest > NOTICEABLE_MS / MAX_GROWTH; attempt++) {
      const startedMs = performance.now();
      await work(of);
      quickest = Math.min(quickest, performance.now() - startedMs);
    }
    return quickest;
  };
  const wholeMs = await quickestMs(size);
  if (wholeMs < NOTICEABLE_MS) return;
  const quarterMs = await quickestMs(Math.floor(size / TIMES_MORE));
  expect(wholeMs / quarterMs).toBeLessThan(MAX_GROWTH);
}

const HEADER_BYTES = 15_000;
const URL_CHARACTERS = 7_900;
const BODY_BYTES = 65_000;

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly host?: string;
  readonly headers?: string;
  readonly body?: string;
  /** The body in chunks of one byte. */
  readonly chunked?: boolean;
}

const base = `/v1/${anyStrategy.name}`;
const JSON_TYPE = 'content-type: application/json\r\n';
const TOKEN = 'linear';
const UPGRADE =
  'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';

const fill = (text: string, size: number): string => text.repeat(Math.ceil(size / text.length)).slice(0, size);
const whole = (text: string, size: number): string => text.repeat(Math.floor(size / text.length));
const fields = (size: number, value: string): string =>
  Array.from({ length: Math.floor(size / 16) }, (_, at) => `"field-${String(at).padStart(5, '0')}":${value}`).join(',');

function bytesOf({ method = 'GET', path, host = 'a', headers = '', body, chunked = false }: Sent): Buffer {
  const head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${headers}`;
  if (body === undefined) return Buffer.from(`${head}\r\n`);
  if (!chunked) return Buffer.from(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  const chunks = Array.from(body, (character) => `1\r\n${character}\r\n`).join('');
  return Buffer.from(`${head}transfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
}

type Case = readonly [name: string, size: number, sent: (size: number) => Sent];

const post = (action: string, body: (size: number) => string, name: string): Case => [
  `${action} ${name}`,
  BODY_BYTES,
  (size) => ({ method: 'POST', path: `${base}/counters/k/${action}`, headers: JSON_TYPE, body: body(size) }),
];
const put = (path: string, body: (size: number) => string, name: string): Case => [
  `PUT ${path} ${name}`,
  BODY_BYTES,
  (size) => ({ method: 'PUT', path: `${base}/${path}`, headers: `${JSON_TYPE}if-match: *\r\n`, body: body(size) }),
];
const header = (name: string, value: (size: number) => string, path = '/counters/k', method = 'GET'): Case => [
  `${name}: ${value(24)}…`,
  HEADER_BYTES,
  (size) => ({ method, path: base + path, headers: `${name}: ${value(size)}\r\n` }),
];
const url = (path: (size: number) => string, more = ''): Case => [
  `${path(32)}…`,
  URL_CHARACTERS,
  (size) => ({ path: path(size), headers: more }),
];
const hostOf = (host: (size: number) => string): Case => [
  `host: ${host(24)}…`,
  HEADER_BYTES,
  (size) => ({ path: '/healthz', host: host(size) }),
];

const cases: readonly Case[] = [
  // Numbers
  ...(['increment', 'compare-and-set'] as const).flatMap((action) => {
    const name = action === 'increment' ? 'by' : 'value';
    return [
      post(action, (size) => `{"${name}":0.${fill('0', size)}1}`, '0.000…1'),
      post(action, (size) => `{"${name}":-0.${fill('0', size)}}`, '-0.000…'),
      post(action, (size) => `{"${name}":1.${fill('01', size)}}`, '1.0101…'),
      post(action, (size) => `{"${name}":1${fill('0', size)}}`, '1000…'),
      post(action, (size) => `{"${name}":1e${fill('0', size)}1}`, '1e000…1'),
      post(action, (size) => `{"${name}":1e-${fill('9', size)}}`, '1e-999…'),
    ];
  }),
  // Shapes
  post('increment', (size) => fill('[', size), '[[[…'),
  post('increment', (size) => `${fill('[', size / 2)}1.0${fill(']', size / 2)}`, '[[[1.0]]]'),
  post('increment', (size) => fill('{"a":', size), '{"a":{"a":…'),
  post('increment', (size) => `[${whole('1.0,', size)}1]`, '[1.0,1.0,…]'),
  post('increment', (size) => `{${fields(size, '1.0')}}`, 'many fields'),
  post('increment', (size) => `{${whole('"a":1.0,', size)}"a":1}`, 'one field many times'),
  post('increment', (size) => `{"by":"${whole('\\u0000', size)}"}`, 'escapes'),
  ['increment in chunks of a byte', BODY_BYTES, (size) => chunkedIncrement(size)],
  put('cache/k', (size) => `{"value":${fill('[', size / 2)}${fill(']', size / 2)}}`, '[[[…]]]'),
  put('cache/k', (size) => `{"value":[${whole('1e1,', size / 2)}1]}`, '[1e1,…]'),
  put('cache/k', (size) => `{"value":[${whole('111111111111111,', size / 2)}1]}`, 'digits'),
  put('cache/k', (size) => `{"value":"${whole('\\ud800', size / 2)}"}`, 'lone surrogates'),
  put('cache/k', (size) => `{"value":1,"ttlMs":0.${fill('0', size)}1}`, 'a TTL of 0.000…1'),
  put('config', (size) => `{"values":{${fields(size / 2, '1e1')}}}`, 'many values'),
  put('connections/k', (size) => `{"room":"${whole('\\ud800', size)}"}`, 'a room of lone surrogates'),
  put('connections/k', (size) => `{"room":"${whole('\\u0001', size)}"}`, 'a room of control characters'),
  put('connections/k', (size) => `{"room":"a","meta":{${fields(size, '1')}}}`, 'much meta'),
  put('connections/k', (size) => `{"room":"a",${fields(size, '1')}}`, 'many unknown fields'),
  // Headers
  header('content-type', (size) => `application/json${fill(' ', size)}x`, '/counters/k/increment', 'POST'),
  header('content-type', (size) => `application/json;${fill(' ', size)}charset`, '/counters/k/increment', 'POST'),
  header('if-none-match', (size) => fill('"a",', size), '/config'),
  header('if-none-match', (size) => fill('W/"', size), '/config'),
  header('if-none-match', (size) => fill('"', size), '/cache/doc-1'),
  header('if-match', (size) => `"a"${fill(' ', size)}x`, '/connections/k', 'DELETE'),
  header('if-match', (size) => `${fill('"7" , ', size)}x`, '/connections/k', 'DELETE'),
  header('if-match', (size) => fill('W/', size), '/connections/k', 'DELETE'),
  header('accept', (size) => fill('text/html,', size), '/cache/doc-1'),
  header('accept', (size) => `text/html${fill(';a="', size)}`, '/cache/doc-1'),
  header('accept', (size) => `text/html;a${fill('   =', size)}x`, '/cache/doc-1'),
  header('accept', (size) => fill('xtext', size), '/cache/doc-1'),
  header('authorization', (size) => fill('Bearer ', size), '/recover', 'POST'),
  header('authorization', (size) => `Bearer${fill(' ', size)}x`, '/recover', 'POST'),
  header('x-request-id', (size) => fill('a', size)),
  header('transfer-encoding', (size) => fill('chunked,', size), '/counters/k/increment', 'POST'),
  header('connection', (size) => fill('a,', size)),
  header('sec-websocket-protocol', (size) => `${fill('a,', size)}\r\n${UPGRADE}x: y`, '/ws?room=a'),
  header('origin', (size) => `http://xn--${fill('999b', size)}\r\n${UPGRADE}x: y`, '/ws?room=a'),
  ['very many headers', HEADER_BYTES, (size) => ({ path: '/healthz', headers: whole('accept: b\r\n', size) })],
  hostOf((size) => fill('a.', size)),
  hostOf((size) => fill('xn--a.', size)),
  hostOf((size) => `xn--${fill('999b', size)}`),
  hostOf((size) => fill('1.', size)),
  hostOf((size) => `[${fill(':', size)}]`),
  // URLs
  url((size) => fill('/', size)),
  url((size) => fill('/..', size)),
  url((size) => fill('/v1', size)),
  url((size) => `${base}/counters/${fill(';', size)}`),
  url((size) => `${base}/counters/${whole('%ff', size)}`),
  url((size) => `${base}/counters?${fill('limit=1&', size)}`),
  url((size) => `${base}/counters?cursor=${fill('1', size)}`),
  url((size) => `${base}/connections?room=${fill('+', size)}`),
  url((size) => `${base}/connections?${whole('%72oom=a&', size)}`),
  url((size) => `/v1/${fill('a', size)}/ws?`, UPGRADE),
  ['a request line without an end', HEADER_BYTES, (size) => ({ method: fill('G', size), path: '/' })],
];

function chunkedIncrement(size: number): Sent {
  const path = `${base}/counters/k/increment`;
  return { method: 'POST', path, headers: JSON_TYPE, body: fill(' ', size), chunked: true };
}

describe('a request takes time in proportion to its length', () => {
  let service: ServiceUnderTest;
  beforeAll(async () => {
    service = await startServiceUnderTest({ THREADS: '1', STRATEGIES: anyStrategy.name, ADMIN_TOKEN: TOKEN });
  });
  afterAll(async () => {
    await service[Symbol.asyncDispose]();
  });

  it.for(cases)('%s', async ([, size, sent]) => {
    await expectLinear(size, async (of) => {
      const { responses } = await exchangeRaw(service.url, bytesOf(sent(of)), { timeoutMs: 30_000 });
      expect(responses).toHaveLength(1);
      expect(responses[0]!.body.length).toBeLessThan(URL_CHARACTERS * 3); // a refusal repeats a path, and not much of a body
    });
  });
});

const DOCUMENT_BYTES = 32_000;

const documents: readonly (readonly [name: string, text: (size: number) => string])[] = [
  ...['*', '*a ', '*a_ ', 'a**b', '[', '[a](', '[a](b) ', '![a', '> ', '- ', '`', '`a', '<', '<a ', '<?', '<!--'].map(
    (text) => [text, (size: number) => fill(text, size)] as const,
  ),
  ...['<![CDATA[', '<div>', '<b>', '<blockquote>', '</b>', '&', '&#x', '|a|b\n', '[a]: b "\n', '~~a', '*_`[<&!'].map(
    (text) => [text, (size: number) => fill(text, size)] as const,
  ),
  ['links within links', (size) => `${fill('[', size / 5)}a${whole('](b)', size / 2)}`],
  ['backticks of every length', (size) => lines(size, (at) => `${'`'.repeat(at)}a`)],
  ['a quote ever deeper', (size) => lines(size, (at) => `${'>'.repeat(at)} a\n`)],
  ['a list ever deeper', (size) => lines(size, (at) => `${' '.repeat(at * 2)}- a\n`)],
  ['very many references', (size) => `${lines(size / 2, (at) => `[a${at}]: b\n`)}\n${fill('[a1]', size / 2)}`],
  ['a tag of many attributes', (size) => `<a ${fill('b="c" ', size)}>x</a>`],
  ['a long link', (size) => `<a href="${fill('java\tscript:', size)}">`],
];

function lines(size: number, line: (at: number) => string): string {
  let text = '';
  for (let at = 1; text.length < size; at++) text += line(at);
  return text.slice(0, size);
}

describe('a page takes time in proportion to its document', () => {
  it.for(documents)('%s', async ([, text]) => {
    await expectLinear(DOCUMENT_BYTES, (size) => renderPage(JSON.stringify({ key: 'k', value: text(size) })));
  });
});
