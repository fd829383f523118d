/** The comparison from end to end: flags → k6 → plan → rounds → table, verdict and results.json. */
import { basename, isAbsolute, join, relative } from 'node:path';
import { Listr, type ListrTask } from 'listr2';
import { parseCommandLine } from './command-line.ts';
import { K6UnavailableError, messageOf, UsageError } from './errors.ts';
import { helpText } from './help.ts';
import { resolveK6, type K6 } from './k6/resolve.ts';
import { describeMachine } from './machine.ts';
import { measureCell, type CellResult } from './measure-cell.ts';
import { planComparison, type Candidate, type Plan, type PlannedCell } from './plan.ts';
import { conclusionOf, tablesOf } from './report.ts';
import { commandFor, createResultsDirectory, writeResults, type ResultsDirectory } from './results-file.ts';
import { rowsOf } from './statistics.ts';
import { verdictOf } from './verdict.ts';
import { workloads } from './workloads.ts';

export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

export interface Surroundings {
  /** The directory of the project: .tools/ and results/ are in it. */
  readonly root: string;
  readonly serviceEntry: string;
  readonly registry: readonly Candidate[];
  readonly signal: AbortSignal;
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  /** `silent` in tests. */
  readonly renderer?: 'default' | 'silent';
}

interface State {
  k6?: K6;
  directory?: ResultsDirectory;
  readonly cells: CellResult[];
}

/** Runs the comparison that `args` ask for and returns the exit code. */
export async function compare(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { registry, signal, print, printError } = surroundings;
  try {
    const commandLine = parseCommandLine(args, { workloads, registry });
    if (commandLine.help) {
      print(helpText({ workloads, registry }));
      return EXIT.done;
    }
    const plan = planComparison(commandLine.choice, registry);
    return await run(plan, commandLine.k6, args, surroundings);
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted;
    printError(messageOf(error));
    if (error instanceof UsageError) {
      printError('npm run compare -- --help lists what can be asked for.');
      return EXIT.usage;
    }
    if (error instanceof K6UnavailableError) return EXIT.failed;
    throw error;
  }
}

async function run(
  plan: Plan,
  k6Flag: string | undefined,
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { root, signal, print } = surroundings;
  const startedAt = new Date();
  const command = commandFor(args, plan);
  const state: State = { cells: [] };
  const save = async (status: 'running' | 'complete' | 'interrupted') => {
    const { k6, directory, cells } = state;
    if (k6 === undefined || directory === undefined) return undefined; // interrupted before anything was measured
    const rows = rowsOf(cells, plan.candidates);
    const verdict = verdictOf(rows);
    const path = await writeResults(directory, {
      status,
      startedAt: startedAt.toISOString(),
      command,
      machine: describeMachine(),
      k6: { ...k6, path: pathIn(root, k6.path) },
      seed: plan.seed,
      plannedRuns: plan.rounds.flat().length,
      rows,
      verdict,
      cells,
    });
    return { rows, verdict, path };
  };

  const runs = plan.rounds.flat().length;
  print(`${runs} runs, about ${minutes(plan.estimatedSeconds)}; seed ${plan.seed}`);
  let interrupted = false;
  try {
    await tasksFor(plan, state, k6Flag, startedAt, surroundings, async () => void (await save('running'))).run();
  } catch (error) {
    if (!signal.aborted) throw error;
    interrupted = true;
  }
  const saved = await save(interrupted ? 'interrupted' : 'complete');
  if (saved !== undefined && saved.rows.length > 0) {
    print(tablesOf(saved.rows, plan));
    if (!interrupted) print(`\n${conclusionOf(saved.rows, plan, saved.verdict)}`);
    print(`\nResults: ${saved.path.replace(join(root, '/'), '')}\nAgain:   ${command}`);
  }
  if (interrupted) {
    print(`\nInterrupted after ${state.cells.length} of ${runs} runs.`);
    return EXIT.interrupted;
  }
  return saved?.verdict.passed ? EXIT.done : EXIT.failed;
}

function tasksFor(
  plan: Plan,
  state: State,
  k6Flag: string | undefined,
  startedAt: Date,
  surroundings: Surroundings,
  afterCell: () => Promise<void>,
): Listr {
  const { root, signal, serviceEntry, renderer = 'default' } = surroundings;

  const cellTask = (cell: PlannedCell): ListrTask => ({
    title: cellName(cell),
    task: async (_, task) => {
      const say = (text: string) => (task.output = text);
      const context = { k6Path: state.k6!.path, serviceEntry, rawDirectory: state.directory!.rawPath, signal, say };
      const result = await measureCell(cell, context);
      state.cells.push(result);
      await afterCell();
      task.title = `${cellName(cell)}: ${outcomeText(result)}`;
    },
  });

  const tasks: ListrTask[] = [
    {
      title: 'k6',
      task: async (_, task) => {
        const say = (text: string) => (task.output = text);
        const toolsDirectory = join(root, '.tools');
        state.k6 = await resolveK6({ flag: k6Flag, environment: process.env, toolsDirectory, say, signal });
        state.directory = await createResultsDirectory(join(root, 'results'), startedAt);
        task.title = `k6 ${state.k6.version} (${state.k6.source}: ${state.k6.path})`;
      },
    },
    ...plan.rounds.map((cells, index): ListrTask => ({
      title: `round ${index + 1} of ${plan.rounds.length}`,
      task: (_, task) => task.newListr(cells.map(cellTask), { concurrent: false }),
    })),
  ];
  return new Listr(tasks, {
    concurrent: false,
    renderer,
    registerSignalListeners: false, // an interrupt ends the children first; see compare.ts
    fallbackRenderer: 'simple',
    rendererOptions: { collapseSubtasks: plan.rounds.length > 1, showErrorMessage: false, collapseErrors: false },
  });
}

function cellName({ workload, candidate, threads }: PlannedCell): string {
  return `${workload.name}, ${candidate.name} (${threads} ${threads === 1 ? 'thread' : 'threads'})`;
}

function outcomeText({ measured, error, kind }: CellResult): string {
  if (measured === undefined) return `failed: ${error?.split('\n')[0]}`;
  const { proof, measurement } = measured;
  if (kind === 'control') return `lost ${proof.lost} of ${proof.acknowledged} increments`;
  if (!proof.holds) return `PROOF FAILED, ${proof.lost} lost, ${proof.extra} too many`;
  return `${Math.round(measurement.closedPerSecond ?? 0)}/s, nothing lost`;
}

/** Below the project a relative path: results are passed on, and where a machine keeps its projects is its own business. */
function pathIn(root: string, path: string): string {
  const inside = relative(root, path);
  return inside.startsWith('..') || isAbsolute(inside) ? basename(path) : inside;
}

function minutes(seconds: number): string {
  return seconds < 100 ? `${Math.round(seconds)} s` : `${(seconds / 60).toFixed(1)} min`;
}
