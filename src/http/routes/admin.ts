/** `recover`, `reset` and `faults` of a strategy: for whoever has the admin token, and where one is set at all. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Hono } from 'hono';
import type { ServedStrategy } from '../../app.ts';
import { NotApplicableError, SharedStateError } from '../../errors.ts';
import type { Call } from '../../resources/call.ts';
import type { Connections } from '../../resources/connections.ts';
import type { Counters } from '../../resources/counters.ts';
import { turn } from '../../sync/steps.ts';
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
        await deleteAll(counters, call);
        if (!('unsupported' in cache)) await cache.clear(call);
        if (!('unsupported' in connections)) await leaveAll(connections, call);
        if (!('unsupported' in config)) await config.replace('{}', '*', call);
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
/** Names that are listed at a time: the most, since a page of connections looks at all there are for its total. */
const RESET_PAGE = 1_000;

/** @throws {UnauthorizedError} no token. @throws {ForbiddenError} another token; compared in constant time */
function authorize(header: string | undefined, token: string): void {
  const given = /^Bearer (.+)$/i.exec(header ?? '')?.[1];
  if (given === undefined) throw new UnauthorizedError('send "Authorization: Bearer" and the admin token');
  if (!timingSafeEqual(digest(given), digest(token))) throw new ForbiddenError('this is not the admin token');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

interface Names {
  readonly names: readonly string[];
  readonly cursor: number | undefined;
}

/**
 * Takes out page by page, as any client could, so that write-through and versions hold, and each page from where the one
 * before ended: what was there when it began is gone after one pass. Between steps the event loop turns.
 *
 * @throws the reason of the call's signal: its time is over, or its client has left; what is left stays
 */
async function takeOutAll(
  page: (cursor: number) => Awaitable<Names>,
  takeOut: (name: string) => Awaitable<unknown>,
  call: Call,
): Promise<void> {
  let next: number | undefined = 0;
  while (next !== undefined) {
    const { names, cursor }: Names = await page(next);
    for (let at = 0; at < names.length; at += RESET_AT_ONCE) {
      await Promise.all(names.slice(at, at + RESET_AT_ONCE).map(async (name) => takeOut(name)));
      await turn(call);
    }
    await turn(call);
    next = cursor;
  }
}

async function deleteAll(counters: Counters, call: Call): Promise<void> {
  const page = async (cursor: number): Promise<Names> => {
    const found = await counters.list({ limit: RESET_PAGE, cursor }, call);
    return { names: found.counters.map(({ key }) => key), cursor: found.cursor };
  };
  await takeOutAll(page, (key) => counters.delete(key, call), call);
}

/** WebSockets among them are closed when they next give a sign of life. */
async function leaveAll(connections: Connections, call: Call): Promise<void> {
  const page = async (cursor: number): Promise<Names> => {
    const found = await connections.list({ room: undefined, limit: RESET_PAGE, cursor }, call);
    return { names: found.connections.map(({ id }) => id), cursor: found.cursor };
  };
  await takeOutAll(page, (id) => connections.leave(id, '*', call), call);
}
