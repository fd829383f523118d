import { httpRequest, type HostileRequest, jsonType, sent, shown, words } from './hostile-request.ts';

const otherMethods = words`PUT PATCH OPTIONS TRACE PROPFIND MKCOL PURGE REPORT SEARCH QUERY LINK M-SEARCH`;

/** Names that every object has, and others that are no strategy. */
const noStrategies = [
  ...words`nonsense __proto__ constructor toString hasOwnProperty valueOf prototype 0 null undefined :strategy`,
  ...words`%zz * %2e`,
  'a'.repeat(2_000),
];

const noRoutes = [
  ...words`/ /v2 /v1/ /V1 /HEALTHZ /healthz/ /healthz/x /healthz%00 /healthz;x /favicon.ico /index.html /server.js`,
  ...words`/.env /.git/config /package.json /__proto__ /constructor /toString /v1/__proto__ /v1//counters /*`,
  ...words`//healthz //evil.example/healthz /http://evil.example/ /% /%zz /%00 /%2e%2e/%2e%2e/etc/passwd`,
];

/** @param strategy one that is served */
export function hostileRoutes(strategy: string): HostileRequest[] {
  const base = `/v1/${strategy}/counters`;
  return [
    ...wrongMethods(base),
    ...unknownStrategies(strategy),
    ...unknownRoutes(strategy, base),
    ...requestIds(base),
    ...service(),
  ];
}

export function wrongMethod(method: string, path: string): HostileRequest {
  // OPTIONS may also be answered as the method it is, without a body.
  return sent(`${method} ${path}`, httpRequest({ method, path }), method === 'OPTIONS' ? [405, 204] : [405]);
}

function head(path: string, statuses: number[]): HostileRequest {
  return { ...sent(`HEAD ${path}`, httpRequest({ method: 'HEAD', path }), statuses), bodyless: true };
}

function wrongMethods(base: string): HostileRequest[] {
  const reads = ['/healthz', '/readyz', '/v1', base, `${base}/sentinel`];
  const posts = [`${base}/sentinel/increment`, `${base}/sentinel/compare-and-set`];
  const put = httpRequest({ method: 'PUT', path: `${base}/sentinel`, headers: jsonType, body: '{"value":1}' });
  const override = httpRequest({ path: `${base}/sentinel`, headers: { 'x-http-method-override': 'DELETE' } });
  return [
    ...reads.flatMap((path) => [...otherMethods, 'POST'].map((method) => wrongMethod(method, path))),
    ...reads.slice(0, -1).map((path) => wrongMethod('DELETE', path)),
    ...posts.flatMap((path) => [...otherMethods, 'GET', 'DELETE'].map((method) => wrongMethod(method, path))),
    sent('PUT with a body', put, [405]),
    sent('a method override', override, [200], { key: 'sentinel' }),
    ...['/healthz', `${base}/sentinel`].map((path) => head(path, [200, 405])),
    ...posts.map((path) => head(path, [405])),
  ];
}

function unknownStrategies(strategy: string): HostileRequest[] {
  const almost = [strategy.toUpperCase(), `${strategy}%20`, `${strategy}_`, `${strategy}%00`];
  return [...almost, ...noStrategies].flatMap((name) => {
    const listing = httpRequest({ path: `/v1/${name}/counters` });
    const increment = httpRequest({ method: 'POST', path: `/v1/${name}/counters/hits/increment` });
    // A name that cannot be decoded may also be called malformed.
    return [
      sent(`listing of the strategy ${shown(name)}`, listing, [404, 400]),
      sent(`increment under ${shown(name)}`, increment, [404, 400]),
    ];
  });
}

function unknownRoutes(strategy: string, base: string): HostileRequest[] {
  const here = words`nonsense __proto__ constructor/x Counters`.map((resource) => `/v1/${strategy}/${resource}`);
  const below = words`decrement __proto__ increment/x Increment`.map((action) => `${base}/sentinel/${action}`);
  return [...noRoutes, ...here, ...below].flatMap((path) =>
    ['GET', 'POST', 'DELETE'].map((method) =>
      sent(`${method} ${shown(path)}`, httpRequest({ method, path }), [404, 400]),
    ),
  );
}

function requestIds(base: string): HostileRequest[] {
  const ids = [
    ...words`<script> "quoted" {"a":1}`,
    "'; DROP TABLE x",
    'two words',
    'caf\xe9',
    '\xff',
    'a'.repeat(5_000),
  ];
  return ids.map((id) => {
    const read = httpRequest({ path: `${base}/nobody`, headers: { 'x-request-id': id } });
    return sent(`the request id ${shown(id)}`, read, [404], { notEchoed: id });
  });
}

function service(): HostileRequest[] {
  const websocket = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  };
  const h2c = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' };
  const path = '/healthz';
  return [
    sent('GET /healthz with a body', httpRequest({ path, headers: jsonType, body: '{' }), [200]),
    sent('GET /healthz with a query', httpRequest({ path: '/healthz?%zz&__proto__=1' }), [200]),
    sent('GET /healthz that offers h2c', httpRequest({ path, headers: h2c }), [200]),
    sent('an upgrade where there is none', httpRequest({ path, headers: websocket }), [200, 400, 404, 426]),
  ];
}
