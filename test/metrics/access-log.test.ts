import { Hono } from 'hono';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { HttpEnvironment, OnAnswer } from '../../src/http/exchange.ts';
import { accessLog } from '../../src/metrics/access-log.ts';
import { NumberedRoutes } from '../../src/metrics/route-labels.ts';

/** A log of 2 lines a second, on a clock of its own. */
function logOf(level: string) {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level, base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  let nowMs = 5_000;
  let routes: NumberedRoutes;
  let answer = { status: 200, elapsedMs: 1 };
  const onAnswer: OnAnswer | undefined = accessLog(log, () => routes, 2);
  const app = new Hono<HttpEnvironment>();
  app.get('/v1/a/counters/:key', (context) => {
    onAnswer?.(context, 'id', answer.status, answer.elapsedMs, nowMs);
    return new Response(null, { status: answer.status });
  });
  routes = new NumberedRoutes(app);
  return {
    /** Answers some requests. @returns the lines about them */
    answers: async (times: number, status = 200, elapsedMs = 1): Promise<unknown[]> => {
      answer = { status, elapsedMs };
      const before = lines.length;
      for (let time = 0; time < times; time++) await app.request('/v1/a/counters/k');
      return lines.slice(before).map(({ level: severity, status: said, leftOut }) => [severity, said, leftOut]);
    },
    pass: (ms: number): void => void (nowMs += ms),
  };
}

const [INFO, WARN] = [30, 40];

describe('the access log', () => {
  it('has so many lines a second, and says how many it left out', async () => {
    const { answers, pass } = logOf('info');
    expect(await answers(5)).toEqual([
      [INFO, 200, undefined],
      [INFO, 200, undefined],
    ]);
    pass(499);
    expect(await answers(1)).toEqual([]);
    pass(1);
    expect(await answers(2)).toEqual([[INFO, 200, 4]]);
    pass(60_000);
    expect(await answers(5)).toEqual([
      [INFO, 200, 1],
      [INFO, 200, undefined],
    ]);
  });

  it('keeps an allowance for failed and slow ones', async () => {
    const { answers } = logOf('info');
    await answers(10);
    expect(await answers(1, 503)).toEqual([[WARN, 503, undefined]]);
    expect(await answers(3, 200, 1_000)).toEqual([[WARN, 200, undefined]]);
    expect(await answers(1, 404)).toEqual([]);
  });

  it('has failed and slow ones only at level warn, everything at debug, and nothing at error', async () => {
    const [warn, debug, error] = ['warn', 'debug', 'error'].map(logOf);
    expect([await warn!.answers(3), await warn!.answers(1, 500)]).toEqual([[], [[WARN, 500, undefined]]]);
    expect(await debug!.answers(5)).toHaveLength(5);
    expect(await error!.answers(1, 500)).toEqual([]);
  });
});
