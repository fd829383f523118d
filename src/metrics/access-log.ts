import type { Logger } from 'pino';
import type { HttpContext, OnAnswer } from '../http/exchange.ts';
import type { NumberedRoutes } from './route-labels.ts';

/**
 * One line per request, at level `debug`: at `info` it would double the CPU time of a small request for everybody who
 * does not ask for it (`npm run bench -- --only observability`). What failed on a defect is logged at `error` all the same, with the request id. Undefined when off.
 */
export function accessLog(log: Logger, routes: () => NumberedRoutes): OnAnswer | undefined {
  if (!log.isLevelEnabled('debug')) return undefined;
  return (context: HttpContext, requestId: string, status: number, elapsedMs: number): void => {
    const { labels } = routes();
    const { method, route, strategy } = labels[routes().of(context)]!;
    const durationMs = Math.round(elapsedMs * 1_000) / 1_000;
    log.debug(
      { requestId, method: method === 'other' ? context.req.method : method, route, strategy, status, durationMs },
      'answered',
    );
  };
}
