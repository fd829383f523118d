/** What is asked over HTTP: refusals beside a small ordinary answer of the same route, and inputs of size n and 2n. */
import type { Ask, CostsClient } from './client.ts';
import type { Pair } from './pair.ts';

/** A refusal costs at most this much more than a small answer. */
export const REFUSAL_AT_MOST = 2;
/** Linear is 2; quadratic would be 4. */
export const DOUBLE_AT_MOST = 3;

export const STRATEGIES = ['sync-lock', 'async-lock', 'sharded', 'actor', 'snapshot'] as const;
export const ENTRIES = 4_000;
export const COUNTERS = 1_000;
const RESET = 1_000;
const DIGITS = 30_000;
const DEPTH = 15_000;
const KEY_BYTES = 64;
const BASE = '/v1/sync-lock';

export interface Services {
  /** Its maps are full with `ENTRIES` and `COUNTERS`, and its origin with documents. */
  readonly full: CostsClient;
  /** Full with twice as many entries; its origin has room. */
  readonly twice: CostsClient;
  /** Nearly empty. */
  readonly ordinary: CostsClient;
  /** Filled and reset again and again. */
  readonly emptied: CostsClient;
  readonly token: string;
}

export const register = (strategy: string, id: string): Ask => ({
  method: 'PUT',
  path: `/v1/${strategy}/connections/${id}`,
  body: '{"room":"costs"}',
});
export const increment = (strategy: string, key: string, body = '{"by":1}'): Ask => ({
  method: 'POST',
  path: `/v1/${strategy}/counters/${key}/increment`,
  body,
});
export const store = (key: string): Ask => ({
  method: 'PUT',
  path: `${BASE}/cache/${key}`,
  body: JSON.stringify({ value: 'x'.repeat(32_000) }),
});

const refused = (name: string, over: Pair['over'], under: Pair['under']): Pair => ({
  name: `refusal / ordinary: ${name}`,
  atMost: REFUSAL_AT_MOST,
  over,
  under,
});

/** `work` of size n and 2n. */
export const doubled = (name: string, n: number, work: (size: number) => Pair['over']): Pair => ({
  name: `2n / n: ${name}, ${n} and ${2 * n}`,
  atMost: DOUBLE_AT_MOST,
  over: work(2 * n),
  under: work(n),
});

export function refusals({ ordinary }: Services): Pair[] {
  const plain = ordinary.work(200, increment('sync-lock', 'hits'));
  const config: Ask = { method: 'PUT', path: `${BASE}/config`, body: '{"values":{}}' };
  const written = ordinary.work(200, { ...config, headers: { 'if-match': '*' } });
  const read = (key: string): Ask => ({ method: 'GET', path: `${BASE}/counters/${key}` });
  const swap = (expected: number): Ask => ({
    method: 'POST',
    path: `${BASE}/counters/swapped/compare-and-set`,
    body: JSON.stringify({ expected, value: 0 }),
  });
  const increments = (name: string, status: number, ask: Ask): Pair => refused(name, ordinary.work(status, ask), plain);
  return [
    increments('400, a bad number', 400, increment('sync-lock', 'hits', '{"by":0.5}')),
    increments('413', 413, increment('sync-lock', 'hits', `{"by":${'1'.repeat(2 ** 16)}}`)),
    increments('415', 415, { ...increment('sync-lock', 'hits'), headers: { 'content-type': 'text/plain' } }),
    refused('404', ordinary.work(404, read('none')), ordinary.work(200, read('hits'))),
    refused('409', ordinary.work(409, swap(7)), ordinary.work(200, swap(0))),
    refused('412', ordinary.work(412, { ...config, headers: { 'if-match': '"999999999"' } }), written),
    refused('428', ordinary.work(428, config), written),
  ];
}

/** Of each strategy, in maps that are full. */
export async function refusalsWhenFull({ full, twice, ordinary }: Services): Promise<Pair[]> {
  const pairs: Pair[] = [];
  const refusal = (name: string, over: Pair['over'], under: Pair['under']): void =>
    void pairs.push({ name: `refusal / ordinary: ${name}`, atMost: REFUSAL_AT_MOST, over, under });
  const grown = (name: string, over: Pair['over'], under: Pair['under']): void =>
    void pairs.push({ name: `2n / n: ${name}`, atMost: DOUBLE_AT_MOST, over, under });
  for (const strategy of STRATEGIES) {
    const none = (index: number): Ask => register(strategy, `more-${index}`);
    const noRoom = full.work(507, await full.firstWithoutRoom(none));
    const noRoomInTwice = twice.work(507, await twice.firstWithoutRoom(none));
    refusal(`507, connections, ${strategy}`, noRoom, ordinary.work(200, register(strategy, 'one')));
    grown(`507, ${ENTRIES} and ${2 * ENTRIES} connections, ${strategy}`, noRoomInTwice, noRoom);
    const wrong: Ask = {
      method: 'DELETE',
      path: `/v1/${strategy}/connections/id-0`,
      headers: { 'if-match': '"1"' },
    };
    const looked = full.work(200, { method: 'GET', path: wrong.path });
    refusal(`412 of a connection among ${ENTRIES}, ${strategy}`, full.work(412, wrong), looked);
    grown(
      `412 among ${ENTRIES} and ${2 * ENTRIES} connections, ${strategy}`,
      twice.work(412, wrong),
      full.work(412, wrong),
    );
    const noCounter = await full.firstWithoutRoom((index) => increment(strategy, `more-${index}`));
    refusal(`507, counters, ${strategy}`, full.work(507, noCounter), full.work(200, increment(strategy, 'id-0')));
  }
  const noDocument = await full.firstWithoutRoom((index) => store(`full-${index}`));
  refusal('507, origin', full.work(507, noDocument), ordinary.work(204, store('one')));
  return pairs;
}

/** Inputs of size n and 2n. */
export function doubles({ full, ordinary, emptied, token }: Services): Pair[] {
  const body = (text: string): Pair['over'] => ordinary.work(400, increment('sync-lock', 'hits', text));
  const resetOf =
    (strategy: string) =>
    (size: number): Pair['over'] => {
      const reset = emptied.work(204, {
        method: 'POST',
        path: `/v1/${strategy}/reset`,
        headers: { authorization: `Bearer ${token}` },
      });
      return async () => {
        await emptied.fill(size, (index) => increment(strategy, `id-${index}`), new AbortController().signal);
        return reset();
      };
    };
  return [
    doubled('digits of a number', DIGITS, (size) => body(`{"by":0.${'0'.repeat(size - 1)}1}`)),
    doubled('digits of a whole number', DIGITS, (size) => body(`{"by":${'1'.repeat(size)}}`)),
    doubled('JSON nesting', DEPTH, (size) => body(`{"by":${'['.repeat(size)}${']'.repeat(size)}}`)),
    doubled('bytes of a key', KEY_BYTES, (size) => ordinary.work(200, increment('sync-lock', 'k'.repeat(size)))),
    ...STRATEGIES.map((strategy) =>
      doubled(`counters of a page, ${strategy}`, 400, (limit) =>
        full.work(200, { method: 'GET', path: `/v1/${strategy}/counters?limit=${limit}` }),
      ),
    ),
    ...(['sync-lock', 'sharded'] as const).map((strategy) =>
      doubled(`reset of counters, ${strategy}`, RESET, resetOf(strategy)),
    ),
  ];
}
