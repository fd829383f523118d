/** `/metrics`: of all threads, whichever is asked. */
import type { Hono } from 'hono';
import { NotFoundError } from '../../errors.ts';
import { CONTENT_TYPE } from '../../metrics/families.ts';
import type { Call } from '../../resources/call.ts';
import { exchange, type ExchangeOptions, type HttpEnvironment } from '../exchange.ts';

export interface MetricsRouteOptions extends ExchangeOptions {
  /** The text that Prometheus scrapes. Undefined: nothing is counted. */
  readonly metrics: ((call: Call) => Promise<string>) | undefined;
}

export function metricsRoutes(app: Hono<HttpEnvironment>, options: MetricsRouteOptions): void {
  app.get('/metrics', (context) =>
    exchange(context, options, async (call) => {
      if (options.metrics === undefined) throw new NotFoundError('nothing is counted; see METRICS');
      return call.answer(await options.metrics(call), 200, { 'content-type': CONTENT_TYPE });
    }),
  );
}
