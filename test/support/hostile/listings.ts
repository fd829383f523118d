import { httpRequest, type HostileRequest, sent, shown, words } from './hostile-request.ts';

const refusedLimits = [
  '',
  ...words`0 1001 -1 -0 1.5 1.0 1e2 0x10 0b1 1n abc %20 +1 %2B1 1%20 %201 1,2 1_0 NaN Infinity null true [] %EF%BC%91`,
  ...words`9007199254740993 99999999999999999999 %00 %zz`,
  '1'.repeat(500),
];

const refusedCursors = [
  '',
  ...words`abc -1 1.5 1e3 0x1 %20 %00 %zz %C0%AF {} null __proto__ 1'-- ../.. %2F`,
  ...words`4294967296 9007199254740993 99999999999999999999`,
  'a'.repeat(5_000),
];

/** @param base `/v1/{strategy}/counters` */
export function hostileListings(base: string): HostileRequest[] {
  const list = (query: string) => httpRequest({ path: `${base}?${query}` });
  const refused = [
    ...refusedLimits.map((limit) => `limit=${limit}`),
    ...refusedCursors.map((cursor) => `cursor=${cursor}`),
    ...words`limit limit=1&limit=2 limit=1&limit=1 limit=5&limit= cursor=0&cursor=0 limit=0&cursor=abc`,
  ];
  const fine = ['', ...words`limit=1 limit=1000 ? &&& = x=y __proto__=1`];
  return [
    ...refused.map((query) => sent(`listing with ${shown(query)}`, list(query), [400])),
    ...fine.map((query) => sent(`listing with ${shown(query)}, which is fine`, list(query), [200])),
  ];
}
