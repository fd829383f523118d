import { describe, expect, it } from 'vitest';
import { type AppOptions, buildApp } from '../../src/app.ts';
import { OverloadedError } from '../../src/errors.ts';
import { Admission, type Lane } from '../../src/http/admission.ts';
import { unsupported } from '../../src/strategies/strategy.ts';
import { anyStrategy } from '../support/served.ts';

/** An app that admits two requests, and whose increments wait until they are released. */
function slowApp() {
  const waiting: ((value: number) => void)[] = [];
  const counters = { increment: () => new Promise<number>((resolve) => waiting.push(resolve)), read: () => 1 };
  const resources = {
    counters,
    cache: unsupported('not here'),
    connections: unsupported('not here'),
    config: unsupported('not here'),
  };
  const app = buildApp({
    served: [{ strategy: anyStrategy, resources }],
    maxConcurrentRequests: 2,
    maxStandingWaitMs: 5,
    timeoutMs: 10_000,
    isDraining: () => false,
    missing: async () => [],
  } as unknown as AppOptions);
  const base = `/v1/${anyStrategy.name}/counters/k`;
  return {
    waiting,
    increment: async () => app.request(`${base}/increment`, { method: 'POST' }),
    read: async () => app.request(base),
    ready: async () => app.request('/readyz'),
  };
}

it('refuses at once what comes while the limit is under way, and admits again once one has ended', async () => {
  const { waiting, increment, read, ready } = slowApp();
  const admitted = [increment(), increment()];
  const refused = await increment();
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await refused.json()).toMatchObject({ code: 'OVERLOADED', outcome: 'not-applied' });
  expect((await read()).status).toBe(503); // refused before it can know that it would not wait
  expect((await ready()).status).toBe(200);
  expect(waiting).toHaveLength(2);

  waiting[0]!(1);
  expect((await admitted[0]!).status).toBe(200);
  const next = increment();
  waiting[1]!(2);
  await admitted[1];
  waiting[2]!(3);
  expect((await next).status).toBe(200);
});

it('counts no request that does not wait', async () => {
  const { read } = slowApp();
  for (let time = 0; time < 10; time++) expect((await read()).status).toBe(200);
});

/** One server behind a lane that serves in order, `serviceMs` each, in a time of its own. */
class Queue {
  nowMs = 0;
  refused = 0;
  readonly latencies: number[] = [];
  readonly #lane: Lane;
  readonly #serviceMs: number;
  readonly #waiting: { readonly startedMs: number; readonly wasAlone: boolean }[] = [];
  #freeMs = 0;

  constructor({ serviceMs = 5, standingWaitMs = 5 } = {}) {
    this.#lane = new Admission({ limit: 4096, standingWaitMs }).lane();
    this.#serviceMs = serviceMs;
  }

  get underWay(): number {
    return this.#waiting.length;
  }

  /** Requests every `everyMs`, for so long. */
  offer(everyMs: number, forMs: number): void {
    for (const endMs = this.nowMs + forMs; this.nowMs < endMs;) {
      const arrivalMs = this.nowMs + everyMs;
      this.serveUntil(arrivalMs);
      this.nowMs = arrivalMs;
      this.arrive();
    }
  }

  arrive(): void {
    try {
      this.#lane.assertOpen(this.nowMs);
    } catch (error) {
      if (!(error instanceof OverloadedError)) throw error;
      this.refused += 1;
      return;
    }
    if (this.#waiting.length === 0) this.#freeMs = this.nowMs + this.#serviceMs;
    this.#waiting.push({ startedMs: this.nowMs, wasAlone: this.#lane.begin() });
  }

  serveUntil(untilMs: number): void {
    for (; this.#waiting.length > 0 && this.#freeMs <= untilMs; this.#freeMs += this.#serviceMs) {
      const { startedMs, wasAlone } = this.#waiting.shift()!;
      this.latencies.push(this.#freeMs - startedMs);
      this.#lane.end(wasAlone, startedMs, this.#freeMs);
    }
  }
}

describe('a queue', () => {
  it('that stands is cut to about twice what an answer takes, and the server kept busy', () => {
    const queue = new Queue();
    queue.offer(10, 1_000); // half of what it can do
    expect(queue.refused).toBe(0);
    queue.offer(2.5, 1_000); // twice that; the queue is seen to stand
    const [served, refused] = [queue.latencies.length, queue.refused];
    queue.offer(2.5, 10_000);
    const latencies = queue.latencies.slice(served);
    expect(Math.max(...latencies)).toBeLessThanOrEqual(20);
    expect(latencies.length).toBeGreaterThan(1_800); // of 2,000
    expect(queue.refused - refused).toBeGreaterThan(1_800);
  });

  it('that goes is forgotten', () => {
    const queue = new Queue();
    queue.offer(10, 500);
    queue.offer(2.5, 2_000);
    queue.offer(10, 500); // the last that are refused
    const { refused } = queue;
    queue.offer(5.5, 2_000);
    expect(queue.refused).toBe(refused);
  });

  it('that stands again, long after, is cut again', () => {
    const queue = new Queue();
    queue.offer(10, 500);
    queue.offer(2.5, 2_000);
    queue.offer(10, 30_000);
    queue.offer(2.5, 1_000);
    const served = queue.latencies.length;
    queue.offer(2.5, 5_000);
    expect(Math.max(...queue.latencies.slice(served))).toBeLessThanOrEqual(20);
  });

  it('of a burst is served to its end, however long it takes', () => {
    const queue = new Queue();
    for (let round = 0; round < 3; round++) {
      for (let at = 0; at < 1_000; at++) queue.arrive();
      expect(queue.underWay).toBe(1_000);
      queue.nowMs += 6_000;
      queue.serveUntil(queue.nowMs);
      queue.nowMs += 100;
    }
    expect(queue.refused).toBe(0);
  });

  it('of a few clients in a closed loop is none', () => {
    const queue = new Queue();
    for (let at = 0; at < 16; at++) queue.arrive();
    queue.offer(5, 10_000); // one comes as one goes
    expect(queue.refused).toBe(0);
  });

  it('is left alone with MAX_STANDING_WAIT_MS=0', () => {
    const queue = new Queue({ standingWaitMs: 0 });
    queue.offer(2.5, 5_000);
    expect(queue.refused).toBe(0);
    expect(queue.underWay).toBeGreaterThan(900);
  });

  it('is not taken for one where answers have become slower by themselves', () => {
    const lane = new Admission({ limit: 4096, standingWaitMs: 5 }).lane();
    const underWay: [startedMs: number, endMs: number, wasAlone: boolean][] = [];
    let nowMs = 0;
    /** One comes each millisecond and is served at once, as all others. @returns how many were refused */
    const parallel = (tookMs: number, forMs: number): number => {
      let refused = 0;
      for (const endMs = nowMs + forMs; nowMs < endMs; nowMs += 1) {
        while (underWay.length > 0 && underWay[0]![1] <= nowMs) {
          const [startedMs, doneMs, wasAlone] = underWay.shift()!;
          lane.end(wasAlone, startedMs, doneMs);
        }
        try {
          lane.assertOpen(nowMs);
          underWay.push([nowMs, nowMs + tookMs, lane.begin()]);
        } catch {
          refused += 1;
        }
      }
      return refused;
    };
    expect(parallel(5, 1_000)).toBe(0);
    expect(parallel(50, 10_000)).toBeGreaterThan(0); // it cannot know at once
    expect(parallel(50, 10_000)).toBe(0);
  });
});

/** Turns in which so many requests come, each taking so much of the loop's time. @returns how many were refused */
async function turns(times: number, requests: number, tookMs: number, standingWaitMs = 5): Promise<number[]> {
  let nowMs = 0;
  const admission = new Admission({ limit: 4096, standingWaitMs, now: () => nowMs });
  const refused: number[] = [];
  for (let turn = 0; turn < times; turn++) {
    let count = 0;
    for (let at = 0; at < requests; at++) {
      try {
        admission.assertOpen(nowMs);
        nowMs += tookMs;
      } catch {
        count += 1;
      }
    }
    refused.push(count);
    await new Promise((resolve) => setImmediate(resolve)); // the end of the turn
  }
  return refused;
}

describe('an event loop', () => {
  it('that is behind for long begins nothing after the first milliseconds of a turn', async () => {
    const refused = await turns(20, 40, 1);
    expect(refused.slice(0, 3)).toEqual([0, 0, 0]); // 40 ms each
    expect(refused.slice(3)).toEqual(Array.from({ length: 17 }, () => 34));
  });

  it('that has quick or few requests is not behind', async () => {
    expect(new Set(await turns(50, 1_000, 0.004))).toEqual(new Set([0]));
    expect(new Set(await turns(50, 16, 10))).toEqual(new Set([0]));
    expect(new Set(await turns(50, 40, 1, 0))).toEqual(new Set([0]));
  });
});
