/** The short form of `npm run prove -- --only connections`. */
import { describe, expect, it } from 'vitest';
import { listingVerdict } from '../../prove/connections/judgement.ts';
import { pageOf } from '../../prove/connections/page.ts';
import { planOf } from '../../prove/connections/plan.ts';
import { type Heard, judge, runBroadcast } from '../support/connections-broadcast.ts';
import { runExpiry } from '../support/connections-expiry.ts';
import { runListing } from '../support/connections-listing.ts';
import { judgeLeak, runMemory } from '../support/connections-memory.ts';
import { anyStrategy, sharing } from '../support/served.ts';

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

const listing = { connections: 300, rounds: 1, limit: 200, listingsPerSecond: 20, heartbeatsPerSecond: 100 };

it('a bystander is measured beside whole pages', { timeout: 60_000 }, async () => {
  const run = await runListing(anyStrategy.name, listing);
  expect(run.failed).toBe(0);
  expect(run.pages).toBeGreaterThanOrEqual(listing.rounds);
  expect(Math.min(run.idleMs, run.heartbeatsMs, run.listingsMs, ...run.idleHalvesMs)).toBeGreaterThan(0);
});

const memory = { sockets: 50, rounds: 2, warmUpReconnects: 50 };

it('the memory of idle WebSockets is measured, with all of them open and with none', { timeout: 60_000 }, async () => {
  const { empty, soak } = await runMemory(anyStrategy.name, memory);
  expect(empty).toMatchObject({ reconnects: 0, connections: 0 });
  expect(soak.map(({ reconnects, connections }) => [reconnects, connections])).toEqual([
    [0, 50],
    [50, 50],
    [100, 50],
  ]);
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

/** Rounds of 1,000 reconnects after which so much stays of each, beside what goes up and down by itself. */
const soak = (bytes: number, noise = 20_000) =>
  Array.from({ length: 21 }, (_, round) => {
    const liveBytes = 50e6 + round * 1_000 * bytes + (((round * 8) % 21) - 10) * (noise / 10);
    return { reconnects: round * 1_000, connections: 1_000, liveBytes, residentBytes: 0 };
  });

describe('what stays of connections that came and went', () => {
  it.for([
    ['nothing', soak(0), 'flat'],
    [
      'a little, once',
      soak(0).map((one, round) => ({ ...one, liveBytes: one.liveBytes + (round > 3 ? 1e5 : 0) })),
      'flat',
    ],
    ['1 KiB of each', soak(1024), 'grows'],
    ['128 bytes of each', soak(128), 'grows'],
    ['1 KiB of each, under noise', soak(1024, 5e6), 'grows'],
    ['nothing that can be seen', soak(0, 20e6), 'noise'],
  ] as const)('%s', ([, samples, verdict]) => {
    expect(judgeLeak(samples).verdict).toBe(verdict);
  });
});

const met = (idleMs: number, listingsMs: number, idleHalvesMs: [number, number] = [idleMs, idleMs], failed = 0) => ({
  idleMs,
  heartbeatsMs: idleMs,
  listingsMs,
  idleHalvesMs,
  pages: 1,
  failed,
});

describe('what a bystander met', () => {
  it.for([
    ['within twice of idle', 'snapshot', met(1, 2), 'proved'],
    ['more', 'snapshot', met(1, 2.1), 'refuted'],
    ['more', 'sharded', met(1, 2.1), 'refuted'],
    ['more, where the loop stands still and says so', 'sync-lock', met(1, 9), 'proved'],
    ['more, on a machine that differs from itself by more', 'snapshot', met(1, 2.1, [0.5, 1.5]), 'void'],
    ['pages that lack some', 'sync-lock', met(1, 1, [1, 1], 1), 'refuted'],
  ] as const)('%s: %s', ([, name, found, verdict]) => {
    expect(listingVerdict(name, found)).toBe(verdict);
  });
});

describe('the evidence', () => {
  const none = { expiry: [], broadcast: [], listing: [], memory: [] };
  const plan = { parts: ['listing'], listing, memory };

  it.for([
    ['proved', none],
    ['refuted', { ...none, listing: [{ name: 'snapshot', run: met(1, 3) }] }],
    ['void', { ...none, listing: [{ name: 'snapshot', run: met(1, 3, [0.5, 1.5]) }] }],
  ] as const)('says that it is %s', ([verdict, found]) => {
    expect(pageOf(found, plan, '2026-01-01')).toMatchObject({ verdict });
  });

  it('tells the loads of its own run', () => {
    const text = pageOf(none, plan, '2026-01-01').body.replaceAll('\n', ' ');
    expect(text).toContain(
      '100 heartbeats a second, and beside these and 20 pages a second of at most 200 of a room of 300.',
    );
  });

  it.for([
    ['--part', 'memory'],
    ['--strategy', anyStrategy.name],
  ])('is of everything only, not with %s', (some) => {
    expect(() => planOf(['--evidence', ...some])).toThrow('all parts and strategies');
    expect(planOf(some)).toMatchObject({ evidence: false });
    expect(planOf(['--evidence'])).toMatchObject({
      evidence: true,
      parts: ['expiry', 'broadcast', 'listing', 'memory'],
    });
  });
});
