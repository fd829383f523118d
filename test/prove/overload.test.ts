import { describe, expect, it } from 'vitest';
import type { Seen } from '../../prove/overload/clients.ts';
import { type Found, verdictOf } from '../../prove/overload/judgement.ts';

const seen = (over: Partial<Seen> = {}): Seen => ({
  seconds: 10,
  sent: 700,
  acceptedMs: [10, 20, 40],
  refused: 0,
  refusedMs: [],
  lateMs: [0, 1, 2],
  wrong: new Map(),
  ...over,
});

const held = (over: Partial<Found> = {}): Found => ({
  bottleneck: { name: 'a lock' },
  capacityPerSecond: 100,
  normal: seen(),
  overload: seen({ sent: 2_000, refused: 1_000 }),
  after: seen(),
  closed: seen(),
  closedByDefault: seen(),
  ...over,
});

const lateAtOverload = held({ overload: seen({ sent: 2_000, refused: 1_000, lateMs: [0, 1, 30] }) });
const slow = held({ overload: seen({ sent: 2_000, refused: 1_000, acceptedMs: [10, 20, 200] }) });

describe('the verdict over an overload', () => {
  it('is that it is proved where nothing speaks against it', () => {
    expect(verdictOf([held(), held()])).toBe('proved');
  });

  it.for([
    ['sends too little', held({ overload: seen({ sent: 1_800, refused: 800 }) })],
    ['is late at the normal rate', held({ normal: seen({ lateMs: [0, 1, 30] }) })],
    ['is late at overload', lateAtOverload],
  ] as const)('is void where the client %s', ([, found]) => {
    expect(verdictOf([held(), found])).toBe('void');
  });

  it.for([
    ['slows the accepted', slow],
    ['refuses nothing', held({ overload: seen({ sent: 2_000 }) })],
    ['goes on refusing', held({ after: seen({ refused: 10 }) })],
    ['refuses by default', held({ closedByDefault: seen({ refused: 1 }) })],
  ] as const)('is refuted by a service that %s', ([, found]) => {
    expect(verdictOf([held(), found])).toBe('refuted');
  });

  it('lets no late client excuse a wrong answer, nor one bottleneck another', () => {
    const wrong = new Map([['status 500', 1]]);
    expect(verdictOf([{ ...lateAtOverload, after: seen({ wrong }) }])).toBe('refuted');
    expect(verdictOf([lateAtOverload, slow])).toBe('refuted');
    expect(verdictOf([{ ...slow, normal: seen({ lateMs: [0, 1, 30] }) }])).toBe('void');
  });
});
