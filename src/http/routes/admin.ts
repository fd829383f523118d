/** `recover`, `reset` and `faults` of a strategy: for whoever has the admin token, and where one is set at all. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Hono } from 'hono';
import type { ServedStrategy } from '../../app.ts';
import { NotApplicableError, SharedStateError } from '../../errors.ts';
import { unhurried } from '../../resources/call.ts';
import type { Connections } from '../../resources/connections.ts';
import type { Counters } from '../../resources/counters.ts';
import type { Awaitable } from '../../sync/wait.ts';
import { ForbiddenError, UnauthorizedError } from '../errors.ts';
import { bodyText, parseIntegers } from '../body.ts';
import { exchange, type Exchange, type ExchangeOptions, type HttpContext, type HttpEnvironment } from '../exchange.ts';
import { checked, faultsBody } from '../schemas.ts';

export interface AdminOptions extends ExchangeOptions {
  /** Undefined: there is no administration over HTTP. */
  readonly adminToken: string | undefined;
  /** Whether `reset` and `faults` are served. */
  readonly controls: boolean;
}

export function adminRoutes(app: Hono<HttpEnvironment>, served: ServedStrategy, options: AdminOptions): void {
  const { adminToken, controls } = options;
  if (adminToken === undefined) return; // the paths do not exist: 404
  const base = `/v1/${served.strategy.name}`;
  const guarded = (context: HttpContext, handler: (call: Exchange) => Promise<Response>) =>
    exchange(context, options, async (call) => {
      authorize(call.header('authorization'), adminToken);
      return handler(call);
    });

  app.post(`${base}/recover`, (context) =>
    guarded(context, async (call) =>
      call.json(JSON.stringify({ strategy: served.strategy.name, ...served.admin.recover() })),
    ),
  );
  if (!controls) return;

  app.post(`${base}/reset`, (context) =>
    guarded(context, async (call) => {
      const { counters, cache, connections, config } = served.resources;
      if ('unsupported' in counters) throw new NotApplicableError(counters.unsupported);
      try {
        await deleteAll(counters);
        if (!('unsupported' in cache)) await cache.clear(unhurried);
        if (!('unsupported' in connections)) await leaveAll(connections);
        if (!('unsupported' in config)) await config.replace('{}', '*', unhurried);
      } catch (error) {
        throw error instanceof SharedStateError ? error.withOutcome('unknown') : error; // some may be gone
      }
      return call.empty(204);
    }),
  );

  app.post(`${base}/faults`, (context) =>
    guarded(context, async (call) => {
      const text = await bodyText(context, call);
      const { kind, times, delayMs } = checked(faultsBody, text === undefined ? undefined : parseIntegers(text));
      served.admin.inject(kind, times, delayMs);
      return call.json(JSON.stringify({ kind, times, delayMs }), 202);
    }),
  );
}

/** Deletions under way at a time: few enough for any queue or mailbox. */
const RESET_AT_ONCE = 32;

/** @throws {UnauthorizedError} no token. @throws {ForbiddenError} another token; compared in constant time */
function authorize(header: string | undefined, token: string): void {
  const given = /^Bearer (.+)$/i.exec(header ?? '')?.[1];
  if (given === undefined) throw new UnauthorizedError('send "Authorization: Bearer" and the admin token');
  if (!timingSafeEqual(digest(given), digest(token))) throw new ForbiddenError('this is not the admin token');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Takes out page by page, as any client could, so that write-through and versions hold. */
async function takeOutAll(
  firstPage: () => Promise<{ readonly names: readonly string[]; readonly cursor: number | undefined }>,
  takeOut: (name: string) => Awaitable<unknown>,
): Promise<void> {
  for (;;) {
    const { names, cursor } = await firstPage();
    await Promise.all(names.map(async (name) => takeOut(name)));
    if (cursor === undefined && names.length < RESET_AT_ONCE) return;
  }
}

async function deleteAll(counters: Counters): Promise<void> {
  await takeOutAll(
    async () => {
      const page = await counters.list({ limit: RESET_AT_ONCE, cursor: 0 }, unhurried);
      return { names: page.counters.map(({ key }) => key), cursor: page.cursor };
    },
    (key) => counters.delete(key, unhurried),
  );
}

/** WebSockets among them are closed when they next give a sign of life. */
async function leaveAll(connections: Connections): Promise<void> {
  await takeOutAll(
    async () => {
      const page = await connections.list({ room: undefined, limit: RESET_AT_ONCE, cursor: 0 }, unhurried);
      return { names: page.connections.map(({ id }) => id), cursor: page.cursor };
    },
    (id) => connections.leave(id, '*', unhurried),
  );
}
