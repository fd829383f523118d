/** `/v1/{strategy}/counters`: parse, call, reply. Knows no strategy by name. */
import type { Hono } from 'hono';
import { NotFoundError } from '../../errors.ts';
import type { Counters } from '../../resources/counters.ts';
import { bodyText, parseIntegers } from '../body.ts';
import { exchange, whenReady, type Exchange, type ExchangeOptions, type HttpEnvironment } from '../exchange.ts';
import { keyInPath, pageRequest } from '../path.ts';
import { checked, compareAndSetBody, incrementBy } from '../schemas.ts';

/** Segments of `/v1/{strategy}/counters/{key}`, the empty one before the first slash included. */
const KEY = 4;

/** @param base `/v1/{strategy}` */
export function countersRoutes(
  app: Hono<HttpEnvironment>,
  base: string,
  counters: Counters,
  options: ExchangeOptions,
): void {
  app.post(`${base}/counters/:key/increment`, (context) =>
    exchange(context, options, (call) => {
      const key = keyInPath(context, KEY);
      return whenReady(bodyText(context, call), (text) => {
        const by = text === undefined ? 1 : incrementBy(parseIntegers(text));
        return whenReady(counters.increment(key, by, call), (value) => counter(call, key, value));
      });
    }),
  );

  app.post(`${base}/counters/:key/compare-and-set`, (context) =>
    exchange(context, options, async (call) => {
      const key = keyInPath(context, KEY);
      const text = await bodyText(context, call);
      const body = checked(compareAndSetBody, text === undefined ? undefined : parseIntegers(text));
      return counter(call, key, await counters.compareAndSet(key, body.expected, body.value, call));
    }),
  );

  app.get(`${base}/counters/:key`, (context) =>
    exchange(context, options, (call) => {
      const key = keyInPath(context, KEY);
      return whenReady(counters.read(key, call), (value) => {
        if (value === undefined) throw missing(key);
        return counter(call, key, value);
      });
    }),
  );

  app.delete(`${base}/counters/:key`, (context) =>
    exchange(context, options, async (call) => {
      const key = keyInPath(context, KEY);
      if (!(await counters.delete(key, call))) throw missing(key);
      return call.empty(204);
    }),
  );

  app.get(`${base}/counters`, (context) =>
    exchange(context, options, async (call) => {
      const { counters: entries, total, cursor } = await counters.list(pageRequest(context), call);
      return call.json(JSON.stringify({ counters: entries, total, cursor: cursor?.toString() }));
    }),
  );
}

function counter(call: Exchange, key: string, value: number): Response {
  return call.json(`{"key":${JSON.stringify(key)},"value":${value}}`);
}

function missing(key: string): NotFoundError {
  return new NotFoundError(`there is no counter ${JSON.stringify(key)}`);
}
