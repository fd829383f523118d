/** A cache that uses flights as `SingleFlight` says it must, under every order of what the origin does. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { SingleFlight } from '../../src/sync/single-flight.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { flightMemory, openFlights } from '../support/flight-memory.ts';

type Step = 'read' | 'put' | 'delete' | 'evict';

interface Program {
  readonly thread: number;
  readonly steps: readonly Step[];
}

/** What the rules ask for, so that a test can leave one out. */
const ALL_RULES = { looksFirst: true, checksTicket: true, voidsBefore: true, voidsAfter: true };
type Rules = typeof ALL_RULES;

const programs = fc.array(
  fc.record({
    thread: fc.nat(1),
    steps: fc.array(fc.constantFrom<Step>('read', 'read', 'read', 'put', 'delete', 'evict'), {
      minLength: 1,
      maxLength: 5,
    }),
  }),
  { minLength: 2, maxLength: 5 },
);

/** @returns what a reader was told that it must not be told */
async function run(scheduler: fc.Scheduler, given: readonly Program[], rules: Rules): Promise<string[]> {
  using stack = new DisposableStack();
  const wrong: string[] = [];
  const memory = flightMemory(8);
  const origin = { version: 0 };
  let cached: number | undefined;
  let acknowledged = 0;
  const pause = (label: string): Promise<void> => scheduler.schedule(Promise.resolve(), label);

  const threads = [0, 1].map((position) =>
    stack.use(
      openFlights(memory, ThreadTable.slot(position, 0), async (_key, ticket) => {
        if (rules.looksFirst && cached !== undefined) return Buffer.from(String(cached));
        await pause('a load is on its way');
        const loaded = origin.version;
        await pause('a load comes back');
        if (!rules.checksTicket || !ticket.isVoid) cached = loaded; // the section of the load
        return Buffer.from(String(loaded));
      }),
    ),
  );

  async function step(flights: SingleFlight, what: Step): Promise<void> {
    if (what === 'evict') cached = undefined;
    else if (what === 'delete') {
      flights.void('key');
      await pause('a deletion');
      cached = undefined;
    } else if (what === 'put') {
      if (rules.voidsBefore) flights.void('key');
      await pause('a write is on its way');
      const written = ++origin.version;
      await pause('a write comes back');
      if (rules.voidsAfter) flights.void('key');
      await pause('a write waits for its section');
      if (cached === undefined || cached < written) cached = written; // the section of the write
      acknowledged = Math.max(acknowledged, written);
    } else {
      const atLeast = acknowledged;
      const seen = cached ?? Number(Buffer.from((await flights.get('key')).value!).toString());
      if (seen < atLeast) wrong.push(`a read that began after ${atLeast} was acknowledged got ${seen}`);
    }
  }

  const all = given.map(async ({ thread, steps }) => {
    for (const what of steps) {
      await pause(`${what} on ${thread}`);
      await step(threads[thread]!.flights, what);
    }
  });
  await scheduler.waitFor(Promise.all(all));
  const { flights, arena } = threads[0]!;
  while (flights.count > 0) await new Promise((resolve) => setImmediate(resolve));
  return [...wrong, ...flights.verify(), ...arena.verify()];
}

it('never shows a read what is older than a write that was acknowledged before', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), programs, async (scheduler, given) => {
      expect(await run(scheduler, given, ALL_RULES)).toEqual([]);
    }),
    { numRuns: 300, seed: 6 },
  );
});

it.each([{ checksTicket: false }, { voidsAfter: false }, { voidsAfter: false, voidsBefore: false }])(
  'does so without %o',
  async (without) => {
    const found = await fc.check(
      fc.asyncProperty(fc.scheduler(), programs, async (scheduler, given) => {
        expect(await run(scheduler, given, { ...ALL_RULES, ...without })).toEqual([]);
      }),
      { numRuns: 3000, seed: 6, endOnFailure: true },
    );
    expect(found.failed).toBe(true);
  },
);
