/** The proof of shutdowns, in small; and that it finds what is wrong. */
import { describe, expect, it } from 'vitest';
import type { Sent } from '../support/kept-alive-client.ts';
import { redisProgram, RedisServer } from '../support/redis-server.ts';
import { Account, counterTarget } from '../support/restart-book.ts';
import { judgeReadiness, judgeRequests, runShutdowns } from '../support/shutdown-round.ts';

const none = { unanswered: [], resets: [], statuses: [], readiness: [], sockets: [], exits: [], lost: [], ghosts: [] };

it(
  'every request that was read is answered, and a successor has what was acknowledged',
  { timeout: 60_000 },
  async () => {
    await using redis = redisProgram === undefined ? undefined : await RedisServer.start();
    const rounds = await runShutdowns({ rounds: 2, seed: 3, redis });
    expect(rounds.map(({ wrong }) => wrong)).toEqual([none, none]);
    for (const { answeredLate, farewells, saidUnready } of rounds) {
      expect(answeredLate).toBeGreaterThan(0);
      expect(farewells).toBeGreaterThan(0);
      expect(saidUnready).toBe(true);
    }
  },
);

const sent = (over: Partial<Sent>): Sent => ({
  id: 'a-1',
  path: '/v1/x/counters/kept/increment',
  sentMs: 0,
  endedMs: 1,
  reused: true,
  fate: 'answered',
  status: 200,
  ...over,
});

const ready = (status: number, sentMs: number) => sent({ path: '/readyz', status, sentMs });

describe('the judge', () => {
  it('finds a request that was read and cut off', () => {
    const found = judgeRequests([sent({ fate: 'cut', reused: false })], new Set(['a-1']));
    expect(found).toMatchObject({ unanswered: [expect.stringContaining('a-1')], resets: [], turnedAway: 0 });
  });

  it('finds a kept-alive connection that was reset, and lets a new one be turned away', () => {
    const cut = [sent({ fate: 'cut' }), sent({ fate: 'cut', id: 'b-1', reused: false })];
    const found = judgeRequests(cut, new Set());
    expect(found).toMatchObject({ unanswered: [], resets: [expect.stringContaining('a-1')], turnedAway: 1 });
  });

  it('finds an answer that nobody intended', () => {
    expect(judgeRequests([sent({ status: 500 })], new Set()).statuses).toHaveLength(1);
  });

  it('finds a service that calls itself ready on its way down', () => {
    expect(judgeReadiness([ready(200, 0), ready(503, 400), ready(200, 500)], 100)).toHaveLength(1);
  });

  it('finds a number that is lost, and one that nobody wrote', () => {
    for (const [found, isWrong] of [
      [0, true],
      [1, false],
      [2, false],
      [3, true],
    ] as const) {
      const account = new Account(counterTarget('/v1/x', 'kept'));
      account.next().ended(sent({}));
      account.next().ended(sent({ fate: 'cut' }));
      expect(account.settle(found) !== undefined).toBe(isWrong);
    }
  });
});
