/** Requests in an order in which each gets the answer that it stands for. */
export interface Sample {
  /** As in the document, `{strategy}` and all. */
  readonly route: string;
  /** What stands in for the parameters of the path, the strategy apart. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
}

const state = '/v1/{strategy}';
const admin = (token: string) => ({ authorization: `Bearer ${token}` });

const service: readonly Sample[] = [
  { route: 'GET /healthz', status: 200 },
  { route: 'GET /readyz', status: 200 },
  { route: 'GET /metrics', status: 200 },
  { route: 'GET /v1', status: 200 },
  { route: 'GET /openapi.json', status: 200 },
  { route: 'GET /docs', status: 200 },
  { route: 'GET /docs/{file}', path: { file: 'swagger-ui-bundle.js' }, status: 200 },
  { route: 'GET /docs/{file}', path: { file: 'package.json' }, status: 404 },
];

const key = { key: 'sample' };
const counter = `${state}/counters/{key}`;

const counters: readonly Sample[] = [
  { route: `GET ${counter}`, path: key, status: 404 },
  { route: `POST ${counter}/increment`, path: key, status: 200 },
  { route: `POST ${counter}/increment`, path: key, body: { by: 2 }, status: 200 },
  { route: `POST ${counter}/increment`, path: key, body: { by: 0.5 }, status: 400 },
  { route: `POST ${counter}/increment`, path: key, body: { by: Number.MAX_SAFE_INTEGER }, status: 409 },
  {
    route: `POST ${counter}/increment`,
    path: key,
    body: { by: 1 },
    headers: { 'content-type': 'text/plain' },
    status: 415,
  },
  { route: `POST ${counter}/increment`, path: key, body: { by: 'x'.repeat(70_000) }, status: 413 },
  { route: `GET ${counter}`, path: key, status: 200 },
  { route: `GET ${counter}`, path: { key: '%00' }, status: 400 },
  { route: `POST ${counter}/compare-and-set`, path: key, body: { expected: 3, value: -4 }, status: 200 },
  { route: `POST ${counter}/compare-and-set`, path: key, body: { expected: 3, value: -4 }, status: 409 },
  { route: `GET ${state}/counters`, query: 'limit=1', status: 200 },
  { route: `GET ${state}/counters`, query: 'limit=0', status: 400 },
  { route: `DELETE ${counter}`, path: key, status: 204 },
  { route: `DELETE ${counter}`, path: key, status: 404 },
];

const document = `${state}/cache/{key}`;

const cache: readonly Sample[] = [
  { route: `GET ${document}`, path: { key: 'doc-1' }, status: 200 },
  { route: `GET ${document}`, path: { key: 'doc-1' }, headers: { 'if-none-match': '*' }, status: 304 },
  { route: `GET ${document}`, path: { key: 'doc-1' }, headers: { accept: 'text/html' }, status: 200 },
  { route: `GET ${document}`, path: { key: 'no-such-document' }, status: 404 },
  { route: `PUT ${document}`, path: key, body: { value: [1, null], ttlMs: 1000 }, status: 204 },
  { route: `PUT ${document}`, path: key, body: { value: 1, ttlMs: 0 }, status: 400 },
  { route: `DELETE ${document}`, path: key, status: 204 },
  { route: `DELETE ${state}/documents/{key}`, path: key, status: 204 },
  { route: `DELETE ${state}/documents/{key}`, path: key, status: 404 },
  { route: `DELETE ${state}/documents/{key}`, path: { key: '%00' }, status: 400 },
  { route: `GET ${state}/cache`, status: 200 },
];

const connection = `${state}/connections/{id}`;
const id = { id: 'c-1' };

const connections: readonly Sample[] = [
  { route: `PUT ${connection}`, path: id, body: { room: 'r', user: 'u', meta: { a: 1 } }, status: 201 },
  { route: `PUT ${connection}`, path: id, body: { room: 'r' }, status: 200 },
  { route: `PUT ${connection}`, path: id, body: { room: '..' }, status: 400 },
  { route: `POST ${connection}/heartbeat`, path: id, status: 204 },
  { route: `POST ${connection}/heartbeat`, path: { id: 'nobody' }, status: 404 },
  { route: `GET ${connection}`, path: id, status: 200 },
  { route: `GET ${connection}`, path: { id: 'nobody' }, status: 404 },
  { route: `GET ${state}/connections`, query: 'room=r&limit=1', status: 200 },
  { route: `GET ${state}/rooms`, status: 200 },
  { route: `POST ${state}/rooms/{room}/messages`, path: { room: 'r' }, body: { data: {} }, status: 202 },
  { route: `GET ${state}/ws`, query: 'room=r', status: 426 },
  { route: `DELETE ${connection}`, path: id, headers: { 'if-match': '"0"' }, status: 412 },
  { route: `DELETE ${connection}`, path: id, status: 204 },
];

const config: readonly Sample[] = [
  { route: `GET ${state}/config`, status: 200 },
  { route: `PUT ${state}/config`, body: { values: { a: [1] } }, headers: { 'if-match': '*' }, status: 200 },
  { route: `PUT ${state}/config`, body: { values: {} }, headers: { 'if-match': '"1"' }, status: 412 },
  { route: `PUT ${state}/config`, body: { values: {} }, status: 428 },
  { route: `GET ${state}/config`, headers: { 'if-none-match': '"2"' }, status: 304 },
];

/** A fault that is met, so that nobody meets it later. */
const metFault = (token: string): readonly Sample[] => [
  { route: `POST ${state}/faults`, headers: admin(token), body: { kind: 'throw-in-section' }, status: 202 },
  { route: `POST ${counter}/increment`, path: key, status: 500 },
];

const administration = (token: string): readonly Sample[] => [
  { route: `POST ${state}/recover`, status: 401 },
  { route: `POST ${state}/recover`, headers: admin('guess'), status: 403 },
  { route: `POST ${state}/recover`, headers: admin(token), status: 200 },
  { route: `POST ${state}/faults`, headers: admin(token), body: { kind: 'meteor' }, status: 400 },
  { route: `POST ${state}/faults`, headers: admin(token), body: { kind: 'origin-delay', delayMs: 0 }, status: 202 },
  ...metFault(token),
  { route: `POST ${state}/reset`, headers: admin(token), status: 204 },
];

/** @param token the service's admin token */
export function samples(token: string): readonly Sample[] {
  return [...service, ...counters, ...cache, ...connections, ...config, ...administration(token)];
}
