/** Builds the Hono app of one thread. It never listens: tests call `app.request()`. */
import { Hono } from 'hono';
import { Admission } from './http/admission.ts';
import { exchange, type Exchange, type ExchangeOptions, type HttpEnvironment } from './http/exchange.ts';
import type { DocumentedService } from './http/openapi/document.ts';
import { problem } from './http/problems.ts';
import { adminRoutes, type AdminOptions } from './http/routes/admin.ts';
import { cacheRoutes, type CacheRouteOptions } from './http/routes/cache.ts';
import { configRoutes } from './http/routes/config.ts';
import { connectionsRoutes } from './http/routes/connections.ts';
import { countersRoutes } from './http/routes/counters.ts';
import { docsRoutes } from './http/routes/docs.ts';
import { metricsRoutes, type MetricsRouteOptions } from './http/routes/metrics.ts';
import { roomsRoutes, type RoomsRouteOptions } from './http/routes/rooms.ts';
import { NotApplicableError, NotFoundError } from './errors.ts';
import type { FaultKind } from './threads/faults.ts';
import type { RecoveryReport } from './threads/recovery.ts';
import type { ResourceName, Resources, Strategy, Unsupported } from './strategies/strategy.ts';

/** A strategy with its resources as this thread sees them. */
export interface ServedStrategy {
  readonly strategy: Strategy;
  readonly resources: { readonly [Name in keyof Resources]: Resources[Name] | Unsupported };
  readonly admin: StrategyAdmin;
}

/** What an administrator can do to a strategy. */
export interface StrategyAdmin {
  /** Per resource, what was found and done. */
  recover(): Readonly<Record<string, RecoveryReport>>;
  /** The next `times` writes meet the fault. */
  inject(kind: FaultKind, times: number, delayMs: number): void;
}

export interface AppOptions extends AdminOptions, CacheRouteOptions, MetricsRouteOptions, RoomsRouteOptions {
  readonly served: readonly ServedStrategy[];
  /** What keeps the service from being ready; empty when nothing does. */
  readonly missing: () => Promise<readonly string[]>;
  readonly isDraining: () => boolean;
  /** Requests to the strategies that may be under way on this thread. */
  readonly maxConcurrentRequests: number;
  /** How long requests may wait for each other for longer than a burst; 0: any time. */
  readonly maxStandingWaitMs: number;
}

type Routes<Resource> = (app: Hono<HttpEnvironment>, base: string, resource: Resource, options: AppOptions) => void;

/** What each resource is served with; the compiler names what it lacks. */
const routes: { readonly [Name in ResourceName]: Routes<Resources[Name]> } = {
  counters: countersRoutes,
  cache: cacheRoutes,
  connections(app, base, connections, options) {
    const rooms = options.openRooms(base, connections);
    connectionsRoutes(app, base, { connections, rooms }, options);
    roomsRoutes(app, base, { connections, rooms }, options);
  },
  config: configRoutes,
};

/** Paths of a resource besides its own, which are refused with it. */
const morePaths: Partial<Record<ResourceName, readonly string[]>> = {
  cache: ['documents/*'],
  connections: ['rooms/*', 'ws'],
};

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

export function buildApp(options: AppOptions): Hono<HttpEnvironment> {
  const app = new Hono<HttpEnvironment>();
  serviceRoutes(app, options);
  metricsRoutes(app, options);
  docsRoutes(app, documented(options), options);
  const { maxConcurrentRequests: limit, maxStandingWaitMs: standingWaitMs, isFenced } = options;
  const admission = new Admission({ limit, standingWaitMs, ...(isFenced && { isFenced }) });
  for (const served of options.served) {
    for (const name of Object.keys(routes) as ResourceName[]) {
      resourceRoutes(app, served, name, routes[name], { ...options, admission: admission.lane() });
    }
    adminRoutes(app, served, options);
  }
  app.onError((error, context) => exchange(context, options, (call) => call.problem(error)));
  app.notFound((context) =>
    exchange(context, options, (call) => {
      const allowed = METHODS.filter((method) => app.router.match(asRouted(method), context.req.path)[0].length > 0);
      if (allowed.length === 0) throw new NotFoundError(`nothing is served at ${context.req.path}`);
      return methodNotAllowed(call, context.req.method, allowed);
    }),
  );
  return app;
}

function serviceRoutes(app: Hono<HttpEnvironment>, options: AppOptions): void {
  // No exchange, no headers of its own: this is the floor that everything else is compared with.
  app.get('/healthz', () => new Response('{"status":"ok"}', { headers: { 'content-type': 'application/json' } }));

  app.get('/readyz', (context) =>
    exchange(context, options, async (call) => {
      const draining = options.isDraining();
      const missing = draining ? ['new work: the service is shutting down'] : await options.missing();
      if (missing.length === 0) return call.json('{"status":"ready"}');
      const code = draining ? 'SHUTTING_DOWN' : 'NOT_READY';
      const { status, body, headers } = problem(code, `missing: ${missing.join('; ')}`, call.requestId, { missing });
      return new Response(body, { status, headers });
    }),
  );

  app.get('/v1', (context) =>
    exchange(context, options, (call) => {
      const strategies = options.served.map(({ strategy: { name, kind, summary }, resources }) => ({
        name,
        kind,
        summary,
        resources: namesOf(resources),
      }));
      return call.json(JSON.stringify({ strategies }));
    }),
  );
}

/** What the OpenAPI document of this service is of. */
function documented({ served, adminToken, controls }: AppOptions): DocumentedService {
  const strategies = served.map(({ strategy: { name }, resources }) => ({ name, resources: namesOf(resources) }));
  return { strategies, hasAdmin: adminToken !== undefined, controls };
}

/** The resources that a strategy has. */
function namesOf(resources: ServedStrategy['resources']): ResourceName[] {
  const names = Object.keys(resources) as ResourceName[];
  return names.filter((name) => !('unsupported' in resources[name]));
}

function resourceRoutes<Name extends ResourceName>(
  app: Hono<HttpEnvironment>,
  { strategy, resources }: ServedStrategy,
  name: Name,
  serve: (typeof routes)[Name],
  options: AppOptions,
): void {
  const base = `/v1/${strategy.name}`;
  const resource: Resources[Name] | Unsupported = resources[name];
  if (!('unsupported' in resource)) return serve(app, base, resource, options);
  for (const path of [`${name}/*`, ...(morePaths[name] ?? [])]) {
    refuse(app, `${base}/${path}`, resource.unsupported, options);
  }
}

function refuse(app: Hono<HttpEnvironment>, path: string, reason: string, options: ExchangeOptions): void {
  app.all(path, (context) =>
    exchange(context, options, () => {
      throw new NotApplicableError(reason);
    }),
  );
}

/** Hono answers HEAD through the GET route. */
function asRouted(method: string): string {
  return method === 'HEAD' ? 'GET' : method;
}

function methodNotAllowed(call: Exchange, method: string, allowed: readonly string[]): Response {
  const { status, body, headers } = problem(
    'METHOD_NOT_ALLOWED',
    `${method} is not served here; allowed: ${allowed.join(', ')}`,
    call.requestId,
    method === 'OPTIONS' ? {} : { outcome: 'not-applied' },
  );
  return new Response(body, { status, headers: { ...headers, allow: allowed.join(', ') } });
}
