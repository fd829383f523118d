import { httpRequest, type HostileRequest, jsonType, sent, shown, words } from './hostile-request.ts';
import { wrongMethod } from './routes.ts';

const MAX_BYTES = 32 * 1024;

const refusedBodies = [
  ...words`{} [] null 7 "value" {"value"} {"value":} {"value":1,} {"value":undefined} {"values":1} {"Value":1}`,
  ...words`{"value":1,"x":1} {"value":1,"__proto__":{}} {"__proto__":{"value":1}} {"value":1,"key":"other"}`,
  ...words`{"value":1,"ttlMs":0} {"value":1,"ttlMs":-1} {"value":1,"ttlMs":86400001} {"value":1,"ttlMs":1e9}`,
  ...words`{"value":1,"ttlMs":0.5} {"value":1,"ttlMs":"1000"} {"value":1,"ttlMs":null} {"value":1,"ttlMs":[1]}`,
  ...words`{"value":1e400} {"value":9007199254740992} {"value":[-9007199254740993]} {"value":{"a":1e308999}}`,
  ...words`{"value":NaN} {"value":01} {"value":'a'} {"value":"\x"} {"value":"\u12"}`,
  `{"value":"${'x'.repeat(MAX_BYTES - 1)}"}`,
  `{"value":"${'\u{1F600}'.repeat(MAX_BYTES / 4)}"}`,
  `{"value":${'['.repeat(30_000)}}`,
  `{"value":${'{"0":'.repeat(6_000)}1e0${'}'.repeat(6_000)}}`,
];

const acceptedBodies = [
  ...words`{"value":null} {"value":""} {"value":{"__proto__":{"a":1},"constructor":1}} {"value":-0} {"ttlMs":1,"value":[]}`,
  '{"value":"\\u0000\\ud800"}',
  `{"value":"${'x'.repeat(MAX_BYTES - 2)}"}`,
  `{"value":${'['.repeat(16_000)}${']'.repeat(16_000)}}`,
];

const oddTags = [
  ...words`"" , ,, "a W/ W/W/"a" "a""b" *, "*" \\"`,
  '"\xe4"',
  `"${'a'.repeat(4_000)}"`,
  '"a",'.repeat(500),
];

const oddWishes = [
  ...words`; , q=1 text/ /html text/html;q=2 text/html;q=-1 text/html;q= text/html;q="1" text/html;;; */html *`,
  'text/html;a="\\',
  'text/*;q=0.001,'.repeat(300),
  `text/${'a'.repeat(4_000)}`,
];

const failedWrite = { failedWrite: true };

/** @param base `/v1/{strategy}/cache` of a strategy that serves it */
export function hostileToCache(base: string): HostileRequest[] {
  const put = (body: string, headers: Record<string, string> = jsonType) =>
    httpRequest({ method: 'PUT', path: `${base}/hostile`, headers, body });
  const get = (headers: Record<string, string>) => httpRequest({ path: `${base}/doc-0`, headers });
  return [
    ...refusedBodies.map((body) => sent(`cache: PUT with the body ${shown(body)}`, put(body), [400], failedWrite)),
    ...acceptedBodies.map((body) => sent(`cache: PUT with the body ${shown(body)}`, put(body), [204])),
    sent('cache: PUT without a body', httpRequest({ method: 'PUT', path: `${base}/hostile` }), [400], failedWrite),
    sent('cache: PUT of text', put('{"value":1}', { 'content-type': 'text/plain' }), [415], failedWrite),
    sent('cache: PUT of 64 KiB and more', put(`{"value":"${'x'.repeat(65_536)}"}`), [413], failedWrite),
    ...oddTags.map((tag) => sent(`cache: If-None-Match ${shown(tag)}`, get({ 'if-none-match': tag }), [200])),
    ...oddWishes.map((accept) => sent(`cache: Accept ${shown(accept)}`, get({ accept }), [200])),
    ...wrongMethods(base),
    ...wrongKeys(base),
  ];
}

function wrongMethods(base: string): HostileRequest[] {
  return [
    ...words`POST PATCH OPTIONS PURGE TRACE`.map((method) => wrongMethod(method, `${base}/doc-0`)),
    ...words`POST PUT PATCH DELETE OPTIONS`.map((method) => wrongMethod(method, base)),
  ];
}

function wrongKeys(base: string): HostileRequest[] {
  const segments = [...words`%zz %FF %ED%A0%80 %00 %0A %7F`, 'a'.repeat(129)];
  return segments.flatMap((segment) =>
    ['GET', 'PUT', 'DELETE'].map((method) => {
      const body = method === 'PUT' ? { headers: jsonType, body: '{"value":1}' } : {};
      const bytes = httpRequest({ method, path: `${base}/${segment}`, ...body });
      return sent(`cache: ${method} of the key ${shown(segment)}`, bytes, [400], method === 'GET' ? {} : failedWrite);
    }),
  );
}
