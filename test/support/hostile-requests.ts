import { assert, expect } from 'vitest';
import { hostileBodies, impossibleWrites } from './hostile/bodies.ts';
import { hostileToCache } from './hostile/cache.ts';
import { hostileToConnections } from './hostile/connections.ts';
import type { HostileRequest } from './hostile/hostile-request.ts';
import { hostileKeys, ordinaryKeys } from './hostile/keys.ts';
import { hostileLimits } from './hostile/limits.ts';
import { hostileListings } from './hostile/listings.ts';
import { hostileRoutes } from './hostile/routes.ts';
import { hostileWire } from './hostile/wire.ts';
import { exchangeRaw, type RawExchange, type RawResponse } from './raw-http.ts';

export { slowRequests } from './hostile/slow.ts';
export { smugglingAttempts } from './hostile/smuggling.ts';

/** What reaches a strategy's counters; they expect a counter `sentinel` that holds 41. */
export function hostileToCounters(base: string): HostileRequest[] {
  return [...ordinaryKeys(base), ...impossibleWrites(base)];
}

/** What the routes must refuse, whatever the strategy behind them. */
export function hostileToRoutes(strategy: string): HostileRequest[] {
  const base = `/v1/${strategy}/counters`;
  return [
    ...hostileKeys(base),
    ...hostileBodies(base),
    ...hostileListings(base),
    ...hostileRoutes(strategy),
    ...hostileToCache(`/v1/${strategy}/cache`),
    ...hostileToConnections(`/v1/${strategy}`),
  ];
}

/** What must be refused before any route sees it. */
export function hostileToServer(): HostileRequest[] {
  return [...hostileWire(), ...hostileLimits()];
}

/** The stable word that each status goes with; a 409 has two. */
const codes: Readonly<Record<number, readonly string[]>> = {
  400: ['BAD_REQUEST'],
  401: ['UNAUTHORIZED'],
  403: ['FORBIDDEN'],
  404: ['NOT_FOUND'],
  412: ['PRECONDITION_FAILED'],
  428: ['PRECONDITION_REQUIRED'],
  405: ['METHOD_NOT_ALLOWED'],
  408: ['REQUEST_TIMEOUT'],
  409: ['CONFLICT', 'OVERFLOW'],
  413: ['BODY_TOO_LARGE'],
  414: ['URI_TOO_LONG'],
  415: ['UNSUPPORTED_MEDIA_TYPE'],
  417: ['EXPECTATION_FAILED'],
  426: ['UPGRADE_REQUIRED'],
  431: ['HEADERS_TOO_LARGE'],
  503: ['DEADLINE', 'OVERLOADED', 'LOCK_TIMEOUT'],
};

/** Signs that an answer tells about the inside: a stack, a path, a module. */
const leak = /\bat .+:\d+:\d+|node:|node_modules|file:\/\/|\/src\/|\.ts\b|Error:/;

/** Writes the counter that no bad request may touch, and that some of them expect. */
export async function writeSentinel(url: string, base: string): Promise<void> {
  const sentinel = `${url}${base}/sentinel`;
  await fetch(sentinel, { method: 'DELETE' });
  const headers = { 'content-type': 'application/json' };
  const written = await fetch(`${sentinel}/increment`, { method: 'POST', headers, body: '{"by":41}' });
  expect(await written.json()).toEqual({ key: 'sentinel', value: 41 });
}

/** Sends the request and checks its answer, that nothing changed, and that the service goes on serving. */
export async function expectRefused(
  url: string,
  base: string,
  request: HostileRequest,
  timeoutMs = 4_000,
): Promise<void> {
  const { changes = false } = request.expected;
  const stateBefore = await stateOf(url, base);
  try {
    await sendAndCheck(url, request, timeoutMs);
    const stateAfter = await stateOf(url, base);
    if (!changes) assert(stateAfter === stateBefore, `the state changed from ${stateBefore} to ${stateAfter}`);
  } catch (error) {
    await writeSentinel(url, base); // so that one failure does not bring down the cases after it
    throw error;
  }
  const health = await fetch(`${url}/healthz`);
  assert(health.ok, 'the service must be healthy afterwards');
  await health.arrayBuffer();
}

export async function sendAndCheck(url: string, request: HostileRequest, timeoutMs: number): Promise<void> {
  const { bytes, halfClose = false, bodyless = false, expected } = request;
  const { before = [], closes = false } = expected;
  const answers = before.length + 1;
  const exchange = await exchangeRaw(url, bytes, { answers, untilClosed: closes, halfClose, bodyless, timeoutMs });
  checkStatuses(request, exchange);
  if (closes) assert(exchange.closed, 'the connection must be closed');
  const last = exchange.responses[before.length];
  if (last) checkAnswer(request, last);
}

function checkStatuses({ expected }: HostileRequest, { responses, leftover }: RawExchange): void {
  const statuses = responses.map(({ status }) => status);
  const acceptable = expected.statuses.map((status) => [...(expected.before ?? []), ...(status === 0 ? [] : [status])]);
  const seen = `answered ${statuses.join(', ') || 'nothing'}${leftover && ` and ${JSON.stringify(leftover.slice(0, 200))}`}: ${responses.at(-1)?.body ?? ''}`;
  assert(
    acceptable.some((right) => right.join() === statuses.join()),
    seen,
  );
}

function checkAnswer({ expected, bodyless = false }: HostileRequest, response: RawResponse): void {
  const { status, headers, body } = response;
  if (expected.notEchoed !== undefined) expect([...headers.values()].join('\n')).not.toContain(expected.notEchoed);
  if (status === 405) expect(headers.get('allow')).toMatch(/^[A-Z-]+(, [A-Z-]+)*$/);
  if (bodyless) return;
  if (status >= 400) return checkProblem(response, expected.failedWrite ?? false);
  if (expected.key !== undefined && status === 200) expect(JSON.parse(body)).toMatchObject({ key: expected.key });
}

/** Checks the six members of a problem document (RFC 9457), what became of a write, and that nothing leaks. */
export function checkProblem({ status, headers, body }: RawResponse, failedWrite: boolean): void {
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json\b/);
  const problem = JSON.parse(body) as Record<string, unknown>;
  const text = expect.stringMatching(/./);
  expect(problem).toMatchObject({ type: text, title: text, status, detail: text, code: text, requestId: text });
  if (codes[status]) expect(codes[status]).toContain(problem['code']);
  if (headers.has('x-request-id')) expect(problem['requestId']).toBe(headers.get('x-request-id'));
  if (failedWrite) expect(problem).toHaveProperty('outcome', 'not-applied');
  else expect([undefined, 'not-applied']).toContain(problem['outcome']);
  expect(body).not.toMatch(leak);
}

/** Everything the strategy's counters hold, as text; of one that has no listing, only the sentinel. */
export async function stateOf(url: string, base: string): Promise<string> {
  const listing = await fetch(`${url}${base}?limit=1000`);
  const text = await listing.text();
  if (listing.status === 200) return text;
  assert(listing.status === 501, `the listing was answered ${listing.status} ${text}`);
  const sentinel = await fetch(`${url}${base}/sentinel`);
  return await sentinel.text();
}
