/**
 * The same suite of two builds in turn, round by round. Each build is measured by its own `npm run bench`, in a process
 * of its own: what the two have in common is the command and the form of its results, so that folders may move between
 * them. A change of the bench itself is then part of what is compared; rows that it does not touch show by how much.
 */
import { readFile, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { z } from 'zod';
import { runCommand } from '../../load/child-process.ts';
import { messageOf } from '../../load/errors.ts';
import { seededRandom, shuffled } from '../../load/seeded-random.ts';
import type { Series } from '../suite.ts';

/** `again` is this build once more: whatever differs between it and `after` is noise. */
export type Side = 'after' | 'before' | 'again';

/** A checkout that can run its own benches. */
export interface Checkout {
  readonly directory: string;
  readonly node: string;
}

export interface SidesOptions {
  readonly suite: string;
  readonly checkouts: Readonly<Partial<Record<Side, Checkout>>>;
  readonly rounds: number;
  readonly seconds: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

export interface SideSeries {
  /** One value per round for each of what the suite measures; undefined where a round has none. */
  readonly series: readonly Series[];
  readonly failures: readonly string[];
}

/** Time for a round beside what it measures: building tables, starting servers. */
const ROUND_TIMEOUT_MS = 60 * 60_000;

const benchResults = z.object({
  suites: z.record(
    z.string(),
    z.object({
      series: z.array(
        z.object({ subject: z.string(), load: z.string(), unit: z.string(), values: z.array(z.number().nullish()) }),
      ),
      failures: z.array(z.string()).default([]),
    }),
  ),
});
type OneRound = z.infer<typeof benchResults>['suites'][string];

/** Runs every side once a round, in an order of the round's own. */
export async function measureSides(options: SidesOptions): Promise<ReadonlyMap<Side, SideSeries>> {
  const { rounds, seed, checkouts } = options;
  const random = seededRandom(seed);
  const sides = Object.keys(checkouts) as Side[];
  const runs = new Map<Side, OneRound[]>(sides.map((side) => [side, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const side of shuffled(sides, random)) {
      const say = (text: string) => options.progress(`round ${round} of ${rounds} · ${side} · ${text}`);
      runs.get(side)!.push(await measureOnce(checkouts[side]!, { ...options, seed: seed + round, progress: say }));
    }
  }
  return new Map([...runs].map(([side, results]) => [side, joined(results)]));
}

async function measureOnce(checkout: Checkout, options: SidesOptions): Promise<OneRound> {
  const { suite, seconds, seed, signal, progress } = options;
  const { directory, node } = checkout;
  progress('starting');
  const flags = ['--only', suite, '--rounds', '1', '--seconds', String(seconds), '--seed', String(seed)];
  const output = await runCommand('npm', ['run', '--silent', 'bench', '--', ...flags], {
    directory,
    environment: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}` },
    signal,
    timeoutMs: ROUND_TIMEOUT_MS,
    onLine: (line) => progress(line.trim()),
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new Error(`the bench of ${directory} failed: ${messageOf(error)}`, { cause: error });
  });
  const path = /^Results: (?<path>results[/\\]bench-[^,\s]+\.json)/mu.exec(output)?.groups?.['path'];
  if (path === undefined) throw new Error(`the bench of ${directory} says nowhere where its results are`);
  const { suites } = benchResults.parse(JSON.parse(await readFile(join(directory, path), 'utf8')));
  await rm(join(directory, path)); // one of many rounds, and kept with the others
  const result = suites[suite];
  if (result === undefined) throw new Error(`the bench of ${directory} has no results of "${suite}"`);
  return result;
}

/** Rounds of one value each, as series of many. */
function joined(rounds: readonly OneRound[]): SideSeries {
  const byKey = rounds.map(({ series }) => new Map(series.map((one) => [keyOf(one), one])));
  const all = new Map(byKey.flatMap((series) => [...series]));
  const series = [...all].map(([key, { load, subject, unit }]) => ({
    load,
    subject,
    unit,
    values: byKey.map((round) => round.get(key)?.values[0] ?? undefined),
  }));
  return { series, failures: rounds.flatMap(({ failures }) => failures) };
}

function keyOf({ load, subject, unit }: Pick<Series, 'load' | 'subject' | 'unit'>): string {
  return JSON.stringify([load, subject, unit]);
}
