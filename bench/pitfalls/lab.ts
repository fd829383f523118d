/** The pitfall lab from end to end: names → both versions of each, round by round → table or explanation, JSON and page. */
import { loadavg } from 'node:os';
import { Listr, type ListrTask } from 'listr2';
import { messageOf, UsageError } from '../../load/errors.ts';
import { describeMachine } from '../../load/machine.ts';
import type { Pitfall, Version } from '../../src/pitfalls/pitfall.ts';
import { helpText, parseCommandLine, type CommandLine } from './command-line.ts';
import { writeEvidence, writeResults } from './evidence.ts';
import { findingsOf, isShown, ratioText, type Findings, type LabRun, type Round } from './findings.ts';
import { lessonOf } from './lesson.ts';
import { caveat, explanation, summaryTable } from './report.ts';

export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

export interface Surroundings {
  /** The directory of the project: results/ and docs/ are in it. */
  readonly root: string;
  readonly pitfalls: readonly Pitfall[];
  readonly signal: AbortSignal;
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  /** `silent` in tests. */
  readonly renderer?: 'default' | 'silent';
}

/** Measures what `args` ask for and returns the exit code. */
export async function pitfallLab(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { pitfalls, print, printError } = surroundings;
  try {
    const commandLine = parseCommandLine(args, pitfalls);
    if (commandLine.help) {
      print(helpText(pitfalls));
      return EXIT.done;
    }
    return await run(commandLine, args, surroundings);
  } catch (error) {
    printError(messageOf(error));
    if (!(error instanceof UsageError)) return EXIT.failed;
    printError('npm run pitfalls -- --help says more.');
    return EXIT.usage;
  }
}

async function run(commandLine: CommandLine, args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { root, pitfalls, signal, print } = surroundings;
  const startedAt = new Date().toISOString();
  const loadAverage = loadavg()[0] ?? 0;
  const measured = await measureAll(commandLine, surroundings);
  const labRun: LabRun = {
    status: signal.aborted ? 'interrupted' : 'complete',
    startedAt,
    command: ['npm run pitfalls', ...(args.length === 0 ? [] : ['--', ...args])].join(' '),
    machine: describeMachine(),
    loadAverage,
    rounds: commandLine.rounds,
    pitfalls: measured,
  };
  if (measured.length > 0) {
    print(`\n${textOf(commandLine, labRun)}\n`);
    const written = await writeResults(root, labRun, pitfalls);
    if (commandLine.evidence && !signal.aborted) written.push(...(await writeEvidence(root, labRun, pitfalls)));
    print(`Written: ${written.join(', ')}`);
  }
  if (signal.aborted) {
    print(`Interrupted after ${measured.length} of ${commandLine.pitfalls.length} pitfalls.`);
    return EXIT.interrupted;
  }
  if (!commandLine.explain) print(`One of them, explained: npm run pitfalls -- ${measured[0]!.pitfall}`);
  return measured.every(isShown) ? EXIT.done : EXIT.failed;
}

function textOf({ pitfalls, explain }: CommandLine, labRun: LabRun): string {
  const measured = labRun.pitfalls;
  const texts = explain
    ? measured.map((findings) => {
        const pitfall = pitfalls.find(({ name }) => name === findings.pitfall)!;
        return explanation(pitfall, findings, lessonOf(pitfall.name));
      })
    : [summaryTable(pitfalls, measured)];
  return [...texts, caveat(labRun)].join('\n\n');
}

/** @returns the findings of the pitfalls that were measured in full before an interrupt */
async function measureAll(commandLine: CommandLine, surroundings: Surroundings): Promise<Findings[]> {
  const { signal, renderer = 'default' } = surroundings;
  const measured: Findings[] = [];
  const tasks = commandLine.pitfalls.map((pitfall): ListrTask => ({
    title: pitfall.name,
    task: async (_, task) => {
      const rounds: Round[] = [];
      while (rounds.length < commandLine.rounds) {
        rounds.push(await measureRound(pitfall, rounds.length, signal, (text) => (task.output = text)));
      }
      const findings = findingsOf(pitfall, rounds);
      measured.push(findings);
      task.title = `${pitfall.name}: ${findings.findings.map((one) => `${one.name} ${ratioText(one)}`).join(', ')}`;
    },
  }));
  try {
    const rendererOptions = { showErrorMessage: false, collapseErrors: false };
    await new Listr(tasks, {
      renderer,
      fallbackRenderer: 'simple',
      registerSignalListeners: false,
      rendererOptions,
    }).run();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return measured;
}

/** Both versions once; which goes first alternates, so that what the first leaves behind meets both. */
async function measureRound(
  pitfall: Pitfall,
  index: number,
  signal: AbortSignal,
  say: (text: string) => void,
): Promise<Round> {
  const order: readonly Version[] = index % 2 === 0 ? ['broken', 'fixed'] : ['fixed', 'broken'];
  const figures: Partial<Record<Version, Readonly<Record<string, number>>>> = {};
  for (const version of order) {
    signal.throwIfAborted();
    say(`round ${index + 1}: ${version}`);
    figures[version] = await pitfall.measure(version);
  }
  return figures as Round;
}
