/** `npm run bench -- --against <ref or directory>`: this checkout and another, interleaved, and what may be said of them. */
import { Listr } from 'listr2';
import { openBuild } from '../../load/against/other-build.ts';
import {
  againstRatioText,
  type AgainstRow,
  judgeAgainst,
  methodNotes,
  outcomeText,
  tallyText,
} from '../../load/against/verdict.ts';
import { boxed, type TextTable } from '../../load/report/boxed.ts';
import type { Suite } from '../suite.ts';
import { matchRows } from './judge.ts';
import { measureSides, type Checkout, type Side } from './sides.ts';

export interface AgainstOptions {
  /** A git ref or a directory. */
  readonly against: string;
  readonly suites: readonly Suite[];
  readonly rounds: number;
  readonly seconds: number;
  readonly seed: number;
  /** Share by which this checkout may be slower. */
  readonly tolerance: number;
  /** Measures this checkout twice, to see what noise alone would claim. */
  readonly aa: boolean;
}

export interface AgainstResult {
  readonly suite: string;
  readonly before: string;
  readonly rows: readonly AgainstRow[];
  /** This checkout against itself, by the same rounds and the same test. */
  readonly noise: readonly AgainstRow[] | undefined;
  readonly unmatched: readonly string[];
}

interface Surroundings {
  readonly root: string;
  readonly signal: AbortSignal;
  readonly renderer: 'default' | 'silent';
}

/** Measures the suites of both. @throws {UsageError} `against` names nothing that can be measured */
export async function runAgainst(options: AgainstOptions, surroundings: Surroundings): Promise<AgainstResult[]> {
  const { root, signal, renderer } = surroundings;
  const results: AgainstResult[] = [];
  await using stack = new AsyncDisposableStack();
  let before: Checkout & { readonly description: string };
  const prepare = {
    title: `${options.against}: checkout and packages`,
    task: async (_context: unknown, shown: { output: string; title: string }) => {
      const say = (text: string) => void (shown.output = text);
      before = stack.use(await openBuild(options.against, { root, say, signal }));
    },
  };
  const suites = options.suites.map((suite) => ({
    title: `${suite.name}, ${options.rounds} rounds of each build`,
    task: async (_context: unknown, shown: { output: string }) => {
      const progress = (text: string) => void (shown.output = text);
      results.push(await measureSuite(suite, before, { ...options, root, signal, progress }));
    },
  }));
  await new Listr([prepare, ...suites], { renderer, registerSignalListeners: false }).run();
  return results;
}

type SuiteRun = AgainstOptions & {
  readonly root: string;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
};

async function measureSuite(
  { name }: Suite,
  before: Checkout & { readonly description: string },
  options: SuiteRun,
): Promise<AgainstResult> {
  const { root, aa, tolerance } = options;
  const own: Checkout = { directory: root, node: process.execPath };
  const checkouts: Partial<Record<Side, Checkout>> = { after: own, before, ...(aa ? { again: own } : {}) };
  const sides = await measureSides({ ...options, suite: name, checkouts });
  const after = sides.get('after')!;
  const again = sides.get('again');
  const { rows, unmatched } = matchRows(after, sides.get('before')!);
  return {
    suite: name,
    before: before.description,
    rows: judgeAgainst(rows, tolerance),
    noise: again && judgeAgainst(matchRows(after, again).rows, tolerance),
    unmatched,
  };
}

function tableOf({ rows, before, noise }: AgainstResult): TextTable {
  return [
    [`speed, this / ${before}`, 'ratio', '', ...(noise === undefined ? [] : ['this / itself'])],
    ...rows.map((row) => [
      row.name,
      againstRatioText(row),
      outcomeText(row),
      ...(noise === undefined ? [] : [noiseText(noise.find(({ name }) => name === row.name))]),
    ]),
  ];
}

function noiseText(row: AgainstRow | undefined): string {
  return row === undefined ? '–' : againstRatioText(row);
}

/** What came out, for the terminal. */
export function againstReport(result: AgainstResult, { rounds, tolerance }: AgainstOptions): string {
  const { suite, rows, noise, unmatched, before } = result;
  const falsely = noise?.filter(({ outcome }) => outcome === 'slower' || outcome === 'faster').length;
  return [
    `${suite}: this checkout against ${before}`,
    boxed(tableOf(result)),
    ...methodNotes('Above 1 this checkout is faster.', rows, rounds),
    ...(falsely === undefined ? [] : [`Against itself ${falsely} of ${noise!.length} rows are called apart.`]),
    ...unmatched.map((text) => `Not compared: ${text}`),
    tallyText(rows, tolerance),
  ].join('\n');
}
