/** The bench from end to end: flags → suites in turn → tables, results and evidence. */
import { Listr } from 'listr2';
import { EXIT_SLOWER, isSlower } from '../load/against/verdict.ts';
import { messageOf, UsageError } from '../load/errors.ts';
import { describeMachine } from '../load/machine.ts';
import { againstReport, runAgainst, type AgainstOptions } from './against/run.ts';
import { helpText, parseCommandLine, type CommandLine } from './command-line.ts';
import { writeAgainst, writeEvidence, writeResults, type BenchRun } from './evidence.ts';
import { terminalReport } from './report.ts';
import type { Suite, SuiteResult } from './suite.ts';

export const EXIT = { done: 0, failed: 1, usage: 2, slower: EXIT_SLOWER, interrupted: 130 } as const;

export interface Surroundings {
  /** The directory of the project: results/ and docs/ are in it. */
  readonly root: string;
  readonly suites: readonly Suite[];
  readonly signal: AbortSignal;
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  /** `silent` in tests. */
  readonly renderer?: 'default' | 'silent';
}

/** Runs the suites that `args` ask for and returns the exit code. */
export async function bench(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { suites, signal, print, printError } = surroundings;
  try {
    const commandLine = parseCommandLine(args, suites);
    if (commandLine.help) {
      print(helpText(suites));
      return EXIT.done;
    }
    const { against } = commandLine;
    return against === undefined ? await runAll(commandLine, surroundings) : await compare(against, surroundings);
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted;
    printError(messageOf(error));
    if (!(error instanceof UsageError)) return EXIT.failed;
    printError('npm run bench -- --help lists what can be asked for.');
    return EXIT.usage;
  }
}

async function runAll(commandLine: CommandLine, surroundings: Surroundings): Promise<number> {
  const { root, print } = surroundings;
  const run = describeRun(commandLine);
  const results = new Map<Suite, SuiteResult>();
  const written = new Set<string>();
  for (const suite of commandLine.suites) {
    const result = await runOne(suite, commandLine, surroundings);
    if (result.skipped !== undefined) {
      print(`${suite.name}: ${result.skipped}`);
      continue;
    }
    results.set(suite, result);
    print(`\n${terminalReport(result)}\n`);
    written.add(await writeResults(root, run, results)); // after each, so that Ctrl-C keeps what there is
    if (!commandLine.evidence) continue;
    for (const path of await writeEvidence(root, run, suite, result)) written.add(path);
  }
  print(`Results: ${[...written].join(', ')}\nAgain:   ${run.command}`);
  const valid = [...results.values()].every(({ failures }) => failures.length === 0);
  return valid ? EXIT.done : EXIT.failed;
}

async function compare(options: AgainstOptions, surroundings: Surroundings): Promise<number> {
  const { root, signal, print, renderer = 'default' } = surroundings;
  const startedAt = new Date().toISOString();
  const results = await runAgainst(options, { root, signal, renderer });
  for (const result of results) print(`\n${againstReport(result, options)}`);
  const { suites, ...flags } = options;
  const head = { startedAt, machine: describeMachine(), suites: suites.map(({ name }) => name), ...flags };
  print(`Results: ${await writeAgainst(root, head, results)}`);
  return results.some(isSlower) ? EXIT.slower : EXIT.done;
}

async function runOne(suite: Suite, commandLine: CommandLine, surroundings: Surroundings): Promise<SuiteResult> {
  const { rounds, seconds, seed } = commandLine;
  const { signal, renderer = 'default' } = surroundings;
  let result: SuiteResult | undefined;
  const task = {
    title: `${suite.name}: ${suite.summary}`,
    task: async (_context: unknown, shown: { output: string }) => {
      const progress = (text: string): void => void (shown.output = text);
      result = await suite.run({ rounds, seconds, seed, signal, progress });
    },
  };
  await new Listr([task], { renderer, registerSignalListeners: false }).run();
  return result!;
}

function describeRun({ suites, rounds, seconds, seed, evidence }: CommandLine): BenchRun {
  const flags = [
    ...suites.map(({ name }) => `--only ${name}`),
    `--rounds ${rounds} --seconds ${seconds} --seed ${seed}`,
    ...(evidence ? ['--evidence'] : []),
  ];
  return {
    startedAt: new Date().toISOString(),
    command: `npm run bench -- ${flags.join(' ')}`,
    machine: describeMachine(),
    rounds,
    seconds,
    seed,
  };
}
