/** Every route with what is wrong for it, by resource. */
import { type Operation, hostileAnywhere } from './everywhere.ts';
import { httpRequest, type HostileRequest, jsonType, sent, shown, words } from './hostile-request.ts';
import { refusedSegments } from './keys.ts';

export const ADMIN_TOKEN = 'the token of a test';

const upgrade = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
};
const token = { authorization: `Bearer ${ADMIN_TOKEN}` };

/** @param base `/v1/{strategy}` of a strategy that has every resource, with controls and `ADMIN_TOKEN` */
export function hostileByResource(base: string): ReadonlyMap<string, readonly HostileRequest[]> {
  const byResource = Object.entries(operations(base)).map(
    ([name, all]) => [name, all.flatMap(hostileAnywhere)] as const,
  );
  const found = new Map<string, readonly HostileRequest[]>(byResource);
  const more = {
    config: hostileToConfig(`${base}/config`),
    websockets: hostileHandshakes(`${base}/ws`),
    administration: hostileToAdmin(base),
  };
  for (const [name, requests] of Object.entries(more)) found.set(name, [...found.get(name)!, ...requests]);
  return found;
}

function read(path: string): Operation {
  return { method: 'GET', path, methods: ['GET'] };
}

function operations(base: string): Record<string, Operation[]> {
  const counter = { methods: ['GET', 'DELETE'], named: `${base}/counters/*`, path: `${base}/counters/sentinel` };
  const action = (name: string, body: string) => ({
    method: 'POST',
    path: `${base}/counters/sentinel/${name}`,
    named: `${base}/counters/*/${name}`,
    methods: ['POST'],
    body,
  });
  const document = {
    methods: ['GET', 'PUT', 'DELETE'],
    named: `${base}/cache/*`,
    path: `${base}/cache/sentinel`,
  };
  const connection = {
    methods: ['GET', 'PUT', 'DELETE'],
    named: `${base}/connections/*`,
    path: `${base}/connections/sentinel`,
  };
  const heartbeat = 'connections/sentinel/heartbeat';
  const messages = { path: `${base}/rooms/r/messages`, named: `${base}/rooms/*/messages`, methods: ['POST'] };
  const config = { path: `${base}/config`, methods: ['GET', 'PUT'] };
  return {
    counters: [
      { method: 'GET', ...counter },
      { method: 'DELETE', ...counter },
      action('increment', '{"by":1}'),
      action('compare-and-set', '{"expected":41,"value":1}'),
      read(`${base}/counters`),
    ],
    cache: [
      { method: 'GET', ...document },
      { method: 'PUT', ...document, body: '{"value":1}' },
      { method: 'DELETE', ...document },
      read(`${base}/cache`),
    ],
    connections: [
      { method: 'GET', ...connection },
      { method: 'PUT', ...connection, body: '{"room":"r"}' },
      { method: 'DELETE', ...connection },
      { method: 'POST', path: `${base}/${heartbeat}`, named: `${base}/connections/*/heartbeat`, methods: ['POST'] },
      read(`${base}/connections`),
    ],
    rooms: [read(`${base}/rooms`), { method: 'POST', ...messages, body: '{"data":1}' }],
    websockets: [
      { ...read(`${base}/ws?room=r`), headers: upgrade, named: `${base}/ws?room=*` },
      { ...read(`${base}/ws`), headers: upgrade, named: `${base}/ws?room=r&id=*` },
    ],
    config: [
      { method: 'GET', ...config },
      { method: 'PUT', ...config, body: '{"values":{}}', headers: { 'if-match': '*' } },
    ],
    administration: [
      { method: 'POST', path: `${base}/recover`, methods: ['POST'], headers: token },
      { method: 'POST', path: `${base}/reset`, methods: ['POST'], headers: token },
      {
        method: 'POST',
        path: `${base}/faults`,
        methods: ['POST'],
        headers: token,
        body: '{"kind":"origin-delay","times":1,"delayMs":0}',
      },
    ],
    service: words`/healthz /readyz /v1 /metrics /openapi.json /docs /docs/page.js`.map(read),
  };
}

const failedWrite = { failedWrite: true };

function hostileToConfig(path: string): HostileRequest[] {
  const put = (body: string, ifMatch = '*') =>
    httpRequest({ method: 'PUT', path, headers: { ...jsonType, 'if-match': ifMatch }, body });
  const right = '{"values":{"a":1}}';
  const wrong = [
    ...words`{} {"values":null} {"values":[]} {"values":1} {"values":"a"} {"values":true} {"Values":{}} {"values":{},"x":1}`,
    ...words`{"values":{},"version":1} {"values":{},"__proto__":1} {"__proto__":{"values":{}}} {"values":{"n":1e400}}`,
    ...words`{"values":{"n":9007199254740993}} {"values":{"n":[-1e999]}} {"a":1}`,
    `{"values":{"a":"${'x'.repeat(32 * 1024)}"}}`,
    `{"values":{"a":"${'ü'.repeat(16 * 1024)}"}}`,
    `{"values":${'{"a":'.repeat(6_000)}1e0${'}'.repeat(6_000)}}`,
  ];
  const tags = [...words`7 W/7 "7",, ,"7" *,"7" "7""8" * 1 '7' ""7`, '"7" "7"'].filter((tag) => tag !== '*');
  const stale = [...words`"7" W/"1" "" "abc" "-1" "1e3" "__proto__"`, '"99999999999999999999"', '"7", "8"'];
  const unconditional = httpRequest({ method: 'PUT', path, headers: jsonType, body: right });
  return [
    ...wrong.map((body) => sent(`config: ${shown(body)}`, put(body), [400], failedWrite)),
    ...tags.map((tag) => sent(`config: If-Match ${tag}`, put(right, tag), [400], failedWrite)),
    ...stale.map((tag) => sent(`config: If-Match ${tag}, another version`, put(right, tag), [412], failedWrite)),
    sent('config: without If-Match', unconditional, [428], failedWrite),
  ];
}

function hostileHandshakes(path: string): HostileRequest[] {
  const ask = (headers: Record<string, string>, query = '?room=r') =>
    httpRequest({ path: `${path}${query}`, headers: { ...upgrade, ...headers } });
  const keys = [
    '',
    'short',
    'A'.repeat(24),
    '='.repeat(24),
    `${'A'.repeat(22)}=`,
    'A'.repeat(4_000),
    'ä'.repeat(11),
    '%',
  ];
  const versions = ['', '0', '8', '12', '14', '13.0', '13, 13', '-13', '0x0d', '9'.repeat(400)];
  const protocols = ['', ',', 'a,a', 'a b', 'a,,b', '"a"', 'a;b', 'a/b', '(a)', 'caf\xe9'];
  const origins = [...words`null https://evil.example http://127.0.0.1.evil.example http://evil.example:80 data: x`];
  const rooms = ['', '?', '?room', '?room=', '?room=.', '?room=..', '?Room=r', '?room=a&room=b', '?room[]=r', '?id=a'];
  const ids = ['?room=r&id=', '?room=r&id=.', '?room=r&id=..', '?room=r&id=a&id=b', '?room=r&id'];
  return [
    ...keys.map((key) => sent(`ws: the key ${shown(key)}`, ask({ 'sec-websocket-key': key }), [400])),
    ...versions.map((version) =>
      sent(`ws: the version ${shown(version)}`, ask({ 'sec-websocket-version': version }), [400]),
    ),
    ...protocols.map((name) => sent(`ws: the protocol ${shown(name)}`, ask({ 'sec-websocket-protocol': name }), [400])),
    ...origins.map((origin) => sent(`ws: the origin ${origin}`, ask({ origin }), [403])),
    ...[...rooms, ...ids].map((query) => sent(`ws: the query ${shown(query)}`, ask({}, query), [400])),
    ...['', 'h2c', 'websocket2', 'web socket', 'tls/1.0'].map((name) =>
      sent(`ws: an upgrade to ${shown(name)}`, ask({ upgrade: name }), [426]),
    ),
    ...['keep-alive', 'close', 'x'].map((connection) =>
      sent(`ws: Connection: ${connection}`, ask({ connection }), [426]),
    ),
  ];
}

function post(path: string, headers: Record<string, string>): Buffer {
  return httpRequest({
    method: 'POST',
    path,
    headers: { ...jsonType, ...headers },
    body: '{"kind":"throw-in-section"}',
  });
}

function hostileToAdmin(base: string): HostileRequest[] {
  const paths = words`recover reset faults`.map((name) => `${base}/${name}`);
  const missing = [
    '',
    'Bearer',
    'Bearer ',
    'Basic dGVzdA==',
    ADMIN_TOKEN,
    `Token ${ADMIN_TOKEN}`,
    `Bearer${ADMIN_TOKEN}`,
  ];
  const wrong = [
    ...words`x __proto__ undefined null constructor [object %00 *`,
    ADMIN_TOKEN.toUpperCase(),
    `${ADMIN_TOKEN}x`,
    ADMIN_TOKEN.slice(0, -1),
    `${ADMIN_TOKEN}, Bearer ${ADMIN_TOKEN}`,
    'a'.repeat(8_000),
    '\xff\xfe',
  ];
  const faults = [
    ...words`{} {"kind":"x"} {"kind":null} {"kind":1} {"kind":[]} {"kind":"__proto__"} {"kind":"constructor"} {"Kind":"x"}`,
    ...['0', '-1', '1.5', '1e9', '"1"', 'null', '1e400'].map((times) => `{"kind":"throw-in-section","times":${times}}`),
    ...['-1', '60001', '0.5', '"1"', 'null'].map((delay) => `{"kind":"origin-delay","delayMs":${delay}}`),
    '{"kind":"throw-in-section","x":1}',
    '{"kind":"throw-in-section","__proto__":{"times":1}}',
  ];
  const fault = (body: string) =>
    httpRequest({ method: 'POST', path: `${base}/faults`, headers: { ...jsonType, ...token }, body });
  const elsewhere = words`/v1/nonsense/recover /v1/__proto__/reset /recover /v1/recover`;
  return [
    ...paths.flatMap((path) => [
      sent(`${path} without a header`, post(path, {}), [401], failedWrite),
      ...missing.map((value) =>
        sent(`${path} with ${shown(value)}`, post(path, { authorization: value }), [401], failedWrite),
      ),
      ...wrong.map((value) =>
        sent(
          `${path} with the token ${shown(value)}`,
          post(path, { authorization: `Bearer ${value}` }),
          [403],
          failedWrite,
        ),
      ),
    ]),
    ...faults.map((body) => sent(`faults: ${shown(body)}`, fault(body), [400], failedWrite)),
    ...elsewhere.map((path) => sent(`POST ${path}`, post(path, token), [404])),
    ...refusedSegments
      .slice(0, 40)
      .map((segment) => sent(`recover of ${shown(segment)}`, post(`/v1/${segment}/recover`, token), [404, 400])),
  ];
}
