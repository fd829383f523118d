/** The short form of `npm run prove -- --only connections`. */
import { describe, expect, it } from 'vitest';
import { type Heard, judge, runBroadcast } from '../support/connections-broadcast.ts';
import { runExpiry } from '../support/connections-expiry.ts';
import { sharing } from '../support/served.ts';

describe.for(sharing)('the connection map / $name', ({ name }) => {
  it('loses nobody who is heard from, and keeps nobody who is not', { timeout: 60_000 }, async () => {
    const run = await runExpiry(name, 500, 2_500);
    expect(run).toMatchObject({ lost: 0, ghosts: 0, sweptEarly: 0, disagreements: 0, silent: 150 });
  });

  it('has every message once and in order, also while threads are killed', { timeout: 60_000 }, async () => {
    const run = await runBroadcast(name, { sockets: 60, rooms: 3, seconds: 2, rate: 200, kills: 1 });
    expect(run).toMatchObject({ lost: 0, doubled: 0, reordered: 0, closedUnasked: 0, disagreements: 0 });
    expect(run.delivered).toBeGreaterThan(run.sent);
  });
});

const heard = (numbers: readonly number[], before = 0): Heard => ({
  client: { received: numbers.map((data) => ({ type: 'message', room: 'r', from: 'a', data })) },
  sentBefore: new Map([['a', before]]),
});

describe('what is found in what a member heard', () => {
  const others = [{ id: 'a', sent: 5 }];
  const cases: [name: string, heard: Heard, found: object][] = [
    ['nothing', heard([0, 1, 2, 3, 4]), { lost: 0, doubled: 0, reordered: 0 }],
    ['nothing, of one who came later', heard([2, 3, 4], 3), { lost: 0, doubled: 0, reordered: 0 }],
    ['the first is lost', heard([1, 2, 3, 4]), { lost: 1 }],
    ['the last is lost', heard([0, 1, 2, 3]), { lost: 1 }],
    ['one is lost', heard([0, 1, 3, 4]), { lost: 1 }],
    ['all are lost', heard([]), { lost: 5 }],
    ['the first that one who came later should have is lost', heard([4], 3), { lost: 1 }],
    ['one is doubled', heard([0, 1, 1, 2, 3, 4]), { lost: 0, doubled: 1, reordered: 0 }],
    ['two are out of order', heard([0, 2, 1, 3, 4]), { lost: 0, doubled: 0, reordered: 1 }],
  ];
  it.for(cases)('%s', ([, member, found]) => {
    expect(judge(member, others)).toMatchObject(found);
  });
});
