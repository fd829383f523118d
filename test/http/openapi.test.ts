import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { committedDocument } from '../../docs/openapi.ts';
import { type AppOptions, buildApp, type ServedStrategy } from '../../src/app.ts';
import type { OpenApiDocument } from '../../src/http/openapi/document.ts';
import type { Strategy } from '../../src/strategies/strategy.ts';
import { strategies } from '../../src/strategies/index.ts';
import { type Answer, deviations, routesOf } from '../support/openapi-document.ts';
import { type Sample, samples } from '../support/openapi-samples.ts';
import { anyStrategy, isServed, sharing } from '../support/served.ts';
import { type ServiceUnderTest, startServiceUnderTest, stopCleanly } from '../support/service.ts';

const TOKEN = 'a token for tests';

it('docs/openapi.json is what `npm run openapi` writes', () => {
  const text = readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8');
  const committed = JSON.parse(text, (_name, value: unknown) => withoutDeleted(value));
  expect(committed).toEqual(JSON.parse(committedDocument()));
});

/** The parameter that names the strategy lists those that are still in the registry. */
function withoutDeleted(value: any): unknown {
  if (value?.name !== 'strategy' || value.in !== 'path') return value;
  return { ...value, schema: { ...value.schema, enum: value.schema.enum.filter(isServed) } };
}

/** An app with all routes of some strategies, whose resources are never called. */
function appOf(served: readonly Strategy[], more: Partial<AppOptions>) {
  const whole = served.map(({ cells, ...strategy }) => {
    const resources = Object.fromEntries(
      Object.entries(cells).map(([name, cell]) => [name, 'unsupported' in cell ? cell : {}]),
    );
    return { strategy, resources } as unknown as ServedStrategy;
  });
  return buildApp({ served: whole, openRooms: () => ({}), ...more } as unknown as AppOptions);
}

describe.for<{ title: string; served: readonly Strategy[]; adminToken?: string; controls: boolean }>([
  { title: 'as it starts by default', served: sharing, controls: false },
  { title: 'with one strategy and an admin', served: [anyStrategy], adminToken: TOKEN, controls: false },
  { title: 'with everything', served: strategies, adminToken: TOKEN, controls: true },
])('the document of a service $title', ({ served, ...more }) => {
  it('has every route of the app, and no other', async () => {
    const app = appOf(served, more);
    const document = (await (await app.request('/openapi.json')).json()) as OpenApiDocument;
    const routes = app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`);
    expect(routesOf(document).sort()).toEqual(routes.sort());
  });
});

describe('what the service answers', () => {
  let service: ServiceUnderTest;
  let document: OpenApiDocument;
  const sent: (Sample & { readonly answer: Answer })[] = [];

  beforeAll(async () => {
    const environment = { STRATEGIES: anyStrategy.name, ADMIN_TOKEN: TOKEN, CONTROLS: 'on', THREADS: '1' };
    service = await startServiceUnderTest(environment);
    document = (await (await fetch(`${service.url}/openapi.json`)).json()) as OpenApiDocument;
    for (const sample of samples(TOKEN)) sent.push({ ...sample, answer: await send(service.url, sample) });
  }, 30_000);
  afterAll(() => stopCleanly(service), 30_000);

  it('is documented: status, headers, media type and body', () => {
    for (const { route, status, answer } of sent) {
      expect({ route, status: answer.status, body: answer.text.slice(0, 300) }).toMatchObject({ route, status });
      expect(deviations(document, route, answer)).toEqual([]);
    }
  });

  it('covers every documented success', () => {
    const covered = new Set(sent.map(({ route, status }) => `${route} ${status}`));
    const missing = Object.entries(document.paths!).flatMap(([path, item]) =>
      Object.entries(item).flatMap(([method, { responses }]) =>
        Object.keys(responses)
          .filter((status) => status < '400' && status !== '101') // a WebSocket has tests of its own
          .map((status) => `${method.toUpperCase()} ${path} ${status}`)
          .filter((success) => !covered.has(success)),
      ),
    );
    expect(missing).toEqual([]);
  });

  it('would be caught if it were anything else', () => {
    const route = 'GET /v1/{strategy}/counters/{key}';
    const headers = new Headers({ 'x-request-id': 'r' });
    const answer = { status: 200, contentType: 'application/json', headers, text: '{"key":"k","value":1}' };
    const { text: problem } = sent.find(({ status }) => status === 404)!.answer;
    const refused = { ...answer, status: 404, contentType: 'application/problem+json', text: problem };
    expect(deviations(document, route, answer)).toEqual([]);
    expect(deviations(document, route, refused)).toEqual([]);
    const wrong: Answer[] = [
      { ...answer, status: 201 },
      { ...answer, contentType: 'text/html' },
      { ...answer, text: '{"key":"k","value":0.5}' },
      { ...answer, text: '{"key":"k"}' },
      { ...answer, text: '{"key":"k","value":1,"more":1}' },
      { ...answer, status: 204, text: '' },
      { ...refused, headers: new Headers() },
      { ...refused, text: problem.replace('NOT_FOUND', 'CAPACITY') },
      { ...refused, text: problem.replace('404', '405') },
    ];
    for (const each of wrong) expect([each, deviations(document, route, each).length]).toEqual([each, 1]);
  });
});

async function send(url: string, { route, path = {}, query, body, headers }: Sample): Promise<Answer> {
  const [method, template] = route.split(' ') as [string, string];
  const parameters: Record<string, string> = { ...path, strategy: anyStrategy.name };
  const target = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => parameters[name]!);
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(`${url}${target}${query === undefined ? '' : `?${query}`}`, {
    method,
    headers: { ...type, ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const contentType = response.headers.get('content-type');
  return { status: response.status, contentType, headers: response.headers, text: await response.text() };
}
