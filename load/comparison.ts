/** The comparison from end to end: flags → k6 → plan → rounds → statistics → report. */
import { basename, isAbsolute, join, relative } from 'node:path';
import { openBuild, type OtherBuild } from './against/other-build.ts';
import { againstOf, againstText, writeAgainstReport } from './against/report.ts';
import { EXIT_SLOWER, isSlower } from './against/verdict.ts';
import { openRemoteHost } from './agent/remote-host.ts';
import { parseCommandLine, type CommandLine } from './command-line.ts';
import { K6UnavailableError, messageOf, UsageError } from './errors.ts';
import { durationText } from './format.ts';
import { helpText } from './help.ts';
import { resolveK6, type K6 } from './k6/resolve.ts';
import { describeMachine } from './machine.ts';
import { startOrigin } from './origin.ts';
import { planComparison, type OriginName, type Plan } from './plan.ts';
import type { Candidate } from './registry.ts';
import { boxed } from './report/boxed.ts';
import { openFile } from './report/open.ts';
import { conclusionOf, tablesOf } from './report/terminal.ts';
import { writeReport } from './report/write.ts';
import {
  commandFor,
  createResultsDirectory,
  headOf,
  readResults,
  writeResults,
  type Results,
  type ResultsDirectory,
} from './results-file.ts';
import { progressList, tasksOf, type Progress } from './rounds.ts';
import { localHost, type ServiceHost } from './service-host.ts';
import { analysisOf, type Analysis } from './statistics/analysis.ts';
import { verdictOf } from './statistics/verdict.ts';
import { isOfBefore } from './trial.ts';
import { workloads } from './workloads/index.ts';

export const EXIT = { done: 0, failed: 1, usage: 2, slower: EXIT_SLOWER, interrupted: 130 } as const;

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
  host?: ServiceHost;
  before?: OtherBuild;
  directory?: ResultsDirectory;
  readonly progress: Progress;
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
    return await run(plan, commandLine, args, surroundings);
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
  commandLine: CommandLine,
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { signal, print, renderer = 'default' } = surroundings;
  const startedAt = new Date();
  const command = commandFor(args, plan.choice.seed);
  const state: State = { progress: { cells: [], capacities: [], curves: [], inProcess: [] } };
  const save = (status: 'running' | 'complete' | 'interrupted') =>
    saveResults(status, { plan, state, command, startedAt, surroundings });

  const runs = plan.rounds.flat().length;
  const searches = plan.searches.length === 0 ? '' : ` and ${plan.searches.length} capacity searches`;
  print(`${runs} runs${searches}, about ${durationText(plan.estimatedSeconds)}; seed ${plan.choice.seed}`);
  let interrupted = false;
  try {
    const tasks = [
      prepareTask(plan, commandLine, state, startedAt, surroundings),
      ...tasksOf(plan, state.progress, () => ({
        k6Path: state.k6!.path,
        host: state.host!,
        rawDirectory: state.directory!.rawPath,
        signal,
        save: () => save('running'),
      })),
    ];
    await progressList(tasks, { renderer, collapse: plan.rounds.length > 1 }).run();
  } catch (error) {
    if (!signal.aborted) throw error;
    interrupted = true;
  } finally {
    await state.host?.[Symbol.asyncDispose]();
    await state.before?.[Symbol.asyncDispose]();
  }
  await save(interrupted ? 'interrupted' : 'complete');
  const code = await tell(state, commandLine, surroundings);
  if (interrupted) {
    print(`\nInterrupted after ${state.progress.cells.length} of ${runs} runs. What was measured is kept.`);
    return EXIT.interrupted;
  }
  return code;
}

function prepareTask(
  plan: Plan,
  { k6: flag, agent }: CommandLine,
  state: State,
  startedAt: Date,
  { root, serviceEntry, signal }: Surroundings,
): Parameters<typeof progressList>[0][number] {
  return {
    title: 'k6 and the origin',
    task: async (_, task) => {
      const say = (text: string) => (task.output = text);
      const k6 = await resolveK6({ flag, environment: process.env, toolsDirectory: join(root, '.tools'), say, signal });
      state.k6 = k6;
      const { against, origin } = plan.choice;
      if (against !== undefined) state.before = await openBuild(against.given, { root, say, signal });
      state.host = await hostOf({ agent, origin, serviceEntry, before: state.before }, signal);
      state.directory = await createResultsDirectory(join(root, 'results'), startedAt);
      task.title = `k6 ${k6.version} (${k6.source}: ${pathIn(root, k6.path)}), origin: ${state.host.origin}`;
    },
  };
}

interface HostOptions {
  readonly agent: URL | undefined;
  readonly origin: OriginName;
  readonly serviceEntry: string;
  readonly before: OtherBuild | undefined;
}

async function hostOf({ agent, origin, serviceEntry, before }: HostOptions, signal: AbortSignal): Promise<ServiceHost> {
  if (agent === undefined) {
    const other = before && { entry: join(before.directory, 'src', 'main.ts'), node: before.node };
    return localHost(serviceEntry, await startOrigin(origin, signal), { before: other });
  }
  const token = process.env['AGENT_TOKEN'];
  if (token === undefined) throw new UsageError('--agent needs AGENT_TOKEN: the agent prints it, or was given it');
  return await openRemoteHost({ url: agent, token, origin, signal });
}

interface Saved {
  readonly plan: Plan;
  readonly state: State;
  readonly command: string;
  readonly startedAt: Date;
  readonly surroundings: Surroundings;
}

/** Does nothing while there is no directory: interrupted before anything was measured. */
async function saveResults(
  status: 'running' | 'complete' | 'interrupted',
  { plan, state: { k6, host, before, directory, progress }, command, startedAt, surroundings: { root } }: Saved,
): Promise<void> {
  if (k6 === undefined || host === undefined || directory === undefined) return;
  await writeResults(directory.path, {
    status,
    startedAt: startedAt.toISOString(),
    endedAt: new Date().toISOString(),
    command,
    machine: host.machine,
    ...(host.isRemote ? { generatorMachine: describeMachine() } : {}),
    k6: { ...k6, path: pathIn(root, k6.path) },
    origin: host.origin,
    ...headOf(plan),
    ...againstHead(plan, before),
    ...progress,
    // Errors quote what a program wrote, and that may name where this machine keeps its projects.
    cells: progress.cells.map((cell) =>
      cell.error === undefined ? cell : { ...cell, error: cell.error.replaceAll(join(root, '/'), '') },
    ),
  });
}

function againstHead({ choice: { against } }: Plan, before: OtherBuild | undefined): Pick<Results, 'against'> {
  if (against === undefined || before === undefined) return {};
  return { against: { before: before.description, tolerance: against.tolerance } };
}

/** Prints what came out, and writes the report. @returns the exit code */
async function tell(
  { directory, progress }: State,
  { open }: CommandLine,
  surroundings: Surroundings,
): Promise<number> {
  const { root, print } = surroundings;
  if (directory === undefined || progress.cells.length === 0) return EXIT.failed;
  const results = await readResults(directory.path);
  const analysis = analysisOf(results);
  if (results.against !== undefined) return await tellAgainst(directory.path, results, analysis, surroundings);
  print(tablesOf(analysis, results));
  print(`\n${conclusionOf(analysis, results)}`);
  const report = await writeReport(directory.path, results, analysis);
  print(
    `\nReport:  ${pathIn(root, report)}\nResults: ${pathIn(root, join(directory.path, 'results.json'))}\nAgain:   ${results.command}`,
  );
  if (open) openFile(report);
  return analysis.verdict.passed && analysis.trial?.passed !== false ? EXIT.done : EXIT.failed;
}

async function tellAgainst(
  directory: string,
  results: Results,
  { rows }: Analysis,
  { root, print }: Surroundings,
): Promise<number> {
  const analysis = againstOf(rows, results);
  // Of the other build nothing is demanded: it may lack what this one has.
  const verdict = verdictOf(rows.filter(({ strategy }) => !isOfBefore(strategy)));
  const { head, rows: cells, notes } = againstText(analysis, results);
  print(boxed([head, ...cells]));
  for (const text of [...verdict.control.map((control) => control.text), ...notes]) print(text);
  const path = await writeAgainstReport(directory, results, analysis);
  print(`\nReport:  ${pathIn(root, path)}\nAgain:   ${results.command}`);
  if (!verdict.passed) return EXIT.failed;
  return isSlower(analysis) ? EXIT.slower : EXIT.done;
}

/** Below the project a relative path: results are passed on, and where a machine keeps its projects is its own business. */
function pathIn(root: string, path: string): string {
  const inside = relative(root, path);
  return inside.startsWith('..') || isAbsolute(inside) ? basename(path) : inside;
}
