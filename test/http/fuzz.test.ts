import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkProblem } from '../support/hostile-requests.ts';
import { httpRequest, jsonType } from '../support/hostile/hostile-request.ts';
import { exchangeRaw, type RawResponse } from '../support/raw-http.ts';
import { anyStrategy } from '../support/served.ts';
import { type ServiceUnderTest, startServiceUnderTest, stopCleanly } from '../support/service.ts';

const base = `/v1/${anyStrategy.name}/counters`;
const runs = { numRuns: 400 };

describe('random input never breaks the service', () => {
  let service: ServiceUnderTest;
  beforeAll(async () => {
    service = await startServiceUnderTest({ STRATEGIES: anyStrategy.name, THREADS: '2' });
  }, 30_000);
  afterAll(() => stopCleanly(service), 30_000);

  const ask = async (bytes: Buffer): Promise<RawResponse> => {
    const { responses, leftover } = await exchangeRaw(service.url, bytes);
    expect({ responses, leftover }).toMatchObject({ responses: [expect.anything()], leftover: '' });
    return responses[0]!;
  };

  it('any key is either served under its own name or refused for a reason', async () => {
    const key = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 150 }),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
      fc.constantFrom(...Object.getOwnPropertyNames(Object.prototype)),
    );
    await fc.assert(
      fc.asyncProperty(key, async (text) => {
        fc.pre(text !== '.' && text !== '..');
        const response = await ask(
          httpRequest({ method: 'POST', path: `${base}/${encodeURIComponent(text)}/increment` }),
        );
        const ordinary = Buffer.byteLength(text) <= 128 && !/\p{Cc}/u.test(text);
        expect(response).toMatchObject({ status: ordinary ? 200 : 400 });
        expect(JSON.parse(response.body)).toMatchObject(ordinary ? { key: text } : { outcome: 'not-applied' });
      }),
      runs,
    );
  });

  it('any bytes in place of a key', async () => {
    const escaped = fc
      .uint8Array({ minLength: 1, maxLength: 12 })
      .map((bytes) => Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''));
    const ascii = fc
      .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 })
      .map((text) => text.replaceAll(/[\s?#]/g, '%'));
    await fc.assert(
      fc.asyncProperty(fc.oneof(escaped, ascii), async (segment) => {
        const response = await ask(httpRequest({ path: `${base}/${segment}` }));
        expect(response).toSatisfy(({ status }: RawResponse) => [200, 400, 404].includes(status));
        if (response.status !== 200) checkProblem(response, false);
      }),
      runs,
    );
  });

  it('any body', async () => {
    const number = fc.oneof(fc.maxSafeInteger(), fc.double(), fc.bigInt()).map(String);
    const body = fc.oneof(
      fc.json(),
      fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc
        .record({ by: fc.anything() })
        .map((value) =>
          JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)),
        ),
      number.map((by) => `{"by":${by}}`),
      fc.tuple(number, number).map(([expected, value]) => `{"expected":${expected},"value":${value}}`),
    );
    await fc.assert(
      fc.asyncProperty(body, fc.constantFrom('increment', 'compare-and-set'), async (content, action) => {
        const response = await ask(
          httpRequest({ method: 'POST', path: `${base}/fuzzed/${action}`, headers: jsonType, body: content }),
        );
        expect(response).toSatisfy(({ status }: RawResponse) => [200, 400, 409].includes(status));
        if (response.status !== 200) checkProblem(response, true);
      }),
      runs,
    );
  });

  it('any method, path, query and headers', async () => {
    const method = fc.constantFrom(
      'GET',
      'HEAD',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'OPTIONS',
      'TRACE',
      'PURGE',
      'BREW',
    );
    const segment = fc.constantFrom(
      'v1',
      anyStrategy.name,
      'counters',
      'hits',
      'increment',
      'healthz',
      '',
      '.',
      '..',
      '%',
      '%00',
      '*',
      '?',
      '?limit=',
      '\\',
      '__proto__',
    );
    const header = fc.tuple(
      fc.constantFrom('x-request-id', 'accept', 'origin', 'if-match', 'range', 'te', 'cookie', 'x-forwarded-host'),
      fc.string({ unit: 'grapheme-ascii' }),
    );
    await fc.assert(
      fc.asyncProperty(
        method,
        fc.array(segment, { maxLength: 7 }),
        fc.array(header, { maxLength: 4 }),
        async (verb, segments, headers) => {
          const bytes = httpRequest({
            method: verb,
            path: `/${segments.join('/')}`,
            headers: Object.fromEntries(headers),
          });
          const { responses } = await exchangeRaw(service.url, bytes, { bodyless: verb === 'HEAD' });
          const [response] = responses;
          expect(response).toSatisfy((only?: RawResponse) => only !== undefined && only.status < 500);
          if (response!.status >= 400 && verb !== 'HEAD') checkProblem(response!, false);
        },
      ),
      runs,
    );
  });
});
