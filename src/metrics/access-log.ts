import type { Logger } from 'pino';
import type { OnAnswer } from '../http/exchange.ts';
import type { NumberedRoutes, RouteLabels } from './route-labels.ts';

/** An answer that took longer is worth a line of its own. */
const SLOW_MS = 1_000;

/**
 * Lines per request, at most so many a second: at `info` for answers as they should be, at `warn` for those of 500 and
 * above and for slow ones, which have an allowance of their own. A line costs a good part of what a small request does,
 * so what lines cost is bounded by the clock and not by the load; how many were left out is in the next line. At `debug`
 * every answer has its line.
 * Undefined when there is nothing to write.
 *
 * @param perSecond lines of a thread for answers as they should be, and as many for the others; 0: none
 * @see docs/decisions/0017-observability.md
 */
export function accessLog(log: Logger, routes: () => NumberedRoutes, perSecond: number): OnAnswer | undefined {
  const all = log.isLevelEnabled('debug');
  if (!all && (perSecond === 0 || !log.isLevelEnabled('warn'))) return undefined;
  const ordinary = new Allowance(log.isLevelEnabled('info') ? perSecond : 0);
  const remarkable = new Allowance(perSecond);
  const lines = new Map<number, Logger>(); // by route: what is the same in each of its lines is written once

  return (context, requestId, status, elapsedMs, endedMs) => {
    const isOrdinary = status < 500 && elapsedMs < SLOW_MS;
    const allowance = isOrdinary ? ordinary : remarkable;
    if (!all && !allowance.take(endedMs)) return;
    const leftOut = allowance.told();
    const route = routes().of(context);
    let line = lines.get(route);
    if (line === undefined) lines.set(route, (line = lineOf(log, routes().labels[route]!)));
    const durationMs = Math.round(elapsedMs * 1_000) / 1_000;
    const { method } = context.req;
    const said = { requestId, method, status, durationMs, ...(leftOut > 0 && { leftOut }) };
    if (isOrdinary) line.info(said, 'answered');
    else line.warn(said, 'answered');
  };
}

function lineOf(log: Logger, { route, strategy }: RouteLabels): Logger {
  return log.child({ route, strategy });
}

/** So many a second, be those of a second all at once. */
class Allowance {
  readonly #everyMs: number;
  /** When the allowance is whole again, if no line is written until then. */
  #wholeMs = Number.NEGATIVE_INFINITY;
  #leftOut = 0;

  constructor(perSecond: number) {
    this.#everyMs = 1_000 / perSecond;
  }

  take(nowMs: number): boolean {
    const wholeMs = Math.max(this.#wholeMs, nowMs) + this.#everyMs;
    if (wholeMs > nowMs + 1_000) {
      this.#leftOut += 1;
      return false;
    }
    this.#wholeMs = wholeMs;
    return true;
  }

  /** @returns how many were refused since it was last asked */
  told(): number {
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    return leftOut;
  }
}
