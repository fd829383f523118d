/** `recover`, `reset` and `faults` of a strategy: for whoever has the admin token, and where one is set at all. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Hono } from 'hono';
import type { ServedStrategy } from '../../app.ts';
import { afterFirstChange, NotApplicableError, SharedStateError } from '../../errors.ts';
import type { Cache } from '../../resources/cache.ts';
import type { Call } from '../../resources/call.ts';
import type { Connections } from '../../resources/connections.ts';
import type { Counters } from '../../resources/counters.ts';
import { turn } from '../../sync/steps.ts';
import type { Awaitable } from '../../sync/wait.ts';
import { ForbiddenError, UnauthorizedError } from '../errors.ts';
import { assertNotFenced } from '../admission.ts';
import { bodyText, parseIntegers } from '../body.ts';
import { exchange, type Exchange, type ExchangeOptions, type HttpContext, type HttpEnvironment } from '../exchange.ts';
import { checked, faultsBody } from '../schemas.ts';

export interface AdminOptions extends ExchangeOptions {
  /** Undefined: there is no administration over HTTP. */
  readonly adminToken: string | undefined;
  /** Whether `reset` and `faults` are served. */
  readonly controls: boolean;
  /** Whether another service process has taken over this one's state. */
  readonly isFenced?: () => boolean;
}

export function adminRoutes(app: Hono<HttpEnvironment>, served: ServedStrategy, options: AdminOptions): void {
  const { adminToken, controls } = options;
  if (adminToken === undefined) return; // the paths do not exist: 404
  const base = `/v1/${served.strategy.name}`;
  const guarded = (context: HttpContext, handler: (call: Exchange) => Promise<Response>) =>
    exchange(context, options, async (call) => {
      authorize(call.header('authorization'), adminToken);
      assertNotFenced(options.isFenced);
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
      const reset = new Reset(call);
      await reset.step(() => deleteAll(counters, reset, call));
      if (!('unsupported' in cache)) await reset.step(() => clearAll(cache, reset, call));
      if (!('unsupported' in connections)) await reset.step(() => leaveAll(connections, reset, call));
      if (!('unsupported' in config)) await reset.step(() => config.replace('{}', '*', call));
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
/** Names that are listed at a time. */
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

/** One reset: what of it has been done, and how it goes on, in steps between which the event loop turns. */
class Reset {
  readonly #call: Call;
  /** Until then a failure has changed nothing. */
  mayHaveChanged = false;

  constructor(call: Call) {
    this.#call = call;
  }

  /** @throws what ended the step: with the outcome `unknown` unless surely nothing has changed so far */
  async step(run: () => Awaitable<unknown>): Promise<void> {
    try {
      await run();
    } catch (error) {
      throw this.mayHaveChanged ? afterFirstChange(error) : error;
    }
  }

  /**
   * Takes out page by page, as any client could, so that write-through and versions hold, and each page from where the one
   * before ended: what was there when it began is gone after one pass.
   *
   * @param takeOut returns whether it was there
   * @throws the reason of the call's signal: its time is over, or its client has left; what is left stays
   */
  async takeOutAll(
    page: (cursor: number) => Awaitable<Names>,
    takeOut: (name: string) => Awaitable<boolean>,
  ): Promise<void> {
    let next: number | undefined = 0;
    while (next !== undefined) {
      const { names, cursor }: Names = await page(next);
      for (let at = 0; at < names.length; at += RESET_AT_ONCE) {
        await this.#takeOutTogether(names.slice(at, at + RESET_AT_ONCE), takeOut);
        await turn(this.#call);
      }
      await turn(this.#call);
      next = cursor;
    }
  }

  /** When one fails the others are waited for: nothing goes on behind the answer. */
  async #takeOutTogether(names: readonly string[], takeOut: (name: string) => Awaitable<boolean>): Promise<void> {
    const ended = await Promise.allSettled(names.map(async (name) => takeOut(name)));
    const failures = ended.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    if (ended.some((one) => one.status === 'fulfilled' && one.value)) this.mayHaveChanged = true;
    if (!failures.every(changedNothing)) this.mayHaveChanged = true;
    if (failures.length > 0) throw failures[0];
  }
}

function changedNothing(error: unknown): boolean {
  return error instanceof SharedStateError && error.outcome === 'not-applied';
}

async function deleteAll(counters: Counters, reset: Reset, call: Call): Promise<void> {
  const page = async (cursor: number): Promise<Names> => {
    const found = await counters.list({ limit: RESET_PAGE, cursor }, call);
    return { names: found.counters.map(({ key }) => key), cursor: found.cursor };
  };
  await reset.takeOutAll(page, (key) => counters.delete(key, call));
}

async function clearAll(cache: Cache, reset: Reset, call: Call): Promise<void> {
  await cache.clear(call);
  reset.mayHaveChanged = true;
}

/** WebSockets among them are closed when they next give a sign of life. */
async function leaveAll(connections: Connections, reset: Reset, call: Call): Promise<void> {
  const page = async (cursor: number): Promise<Names> => {
    const found = await connections.list({ room: undefined, limit: RESET_PAGE, cursor }, call);
    return { names: found.connections.map(({ id }) => id), cursor: found.cursor };
  };
  await reset.takeOutAll(page, async (id) => (await connections.leave(id, '*', call)) !== undefined);
}
