/** Runs a plan, and keeps what it has after every step. */
import { Listr, type ListrTask } from 'listr2';
import { probeOf, searchCapacity, type Capacity, type Probe } from './capacity.ts';
import { calibrate, type Calibration } from './calibration.ts';
import { measureCell, type CellContext, type CellResult } from './cell.ts';
import { wholeText } from './format.ts';
import { cellSeconds, mostSearchSeconds, probeProfile, probeSeconds, type Plan, type PlannedCell } from './plan.ts';
import { messageOf } from './errors.ts';
import { measureInProcess } from './in-process/measure.ts';
import type { InProcessResult } from './in-process/result.ts';
import type { Candidate } from './registry.ts';
import type { CapacityResult, CurvePoint } from './results-file.ts';

/** What has been measured so far. */
export interface Progress {
  calibration?: Calibration;
  readonly cells: CellResult[];
  readonly capacities: CapacityResult[];
  readonly curves: CurvePoint[];
  readonly inProcess: InProcessResult[];
}

export interface RoundsContext extends Omit<CellContext, 'say'> {
  /** Called after every run. */
  readonly save: () => Promise<void>;
}

type Say = (text: string) => void;

/** Calibration, the rounds, the searches: as tasks for a progress display. Their context comes when they are run. */
export function tasksOf(plan: Plan, progress: Progress, contextOf: () => RoundsContext): ListrTask[] {
  const { retries } = plan.choice.profile;
  let repeatSeconds = plan.repeatSeconds;

  /** Measures, and repeats what was disturbed for as long as there is time for that. */
  const measured = async (cell: PlannedCell, context: CellContext): Promise<CellResult> => {
    const result = await measureCell(cell, context, repeatSeconds > 0 ? retries : 0);
    repeatSeconds -= (result.attempts - 1) * cellSeconds(cell);
    return result;
  };

  const calibration: ListrTask = {
    title: 'calibration',
    task: async (_, task) => {
      const { save, ...context } = contextOf();
      const say: Say = (text) => (task.output = text);
      const found = await calibrate(plan.candidates[0]!, plan.choice, { ...context, say });
      progress.calibration = found;
      await save();
      const limit = `${found.reliable ? 'on time up to' : 'LATE even at'} ${wholeText(found.limitPerSecond)}/s`;
      task.title = `calibration: the generator is ${limit}, and does ${wholeText(found.ceilingPerSecond)}/s at most`;
    },
  };

  const cellTask = (cell: PlannedCell): ListrTask => ({
    title: cellName(cell),
    task: async (_, task) => {
      const { save, ...context } = contextOf();
      const result = await measured(cell, { ...context, say: (text) => (task.output = text) });
      progress.cells.push(result);
      await save();
      task.title = `${cellName(cell)}: ${outcomeText(result)}`;
    },
  });

  const curveTask = (cell: PlannedCell): ListrTask => ({
    title: `${cellName(cell)} at ${wholeText(cell.profile.ratePerSecond)}/s`,
    task: async (_, task) => {
      const { save, ...context } = contextOf();
      const probe = probeOf(await measured(cell, { ...context, say: (text) => (task.output = text) }));
      const { round, workload, candidate } = cell;
      progress.curves.push({ round, workload: workload.name, strategy: candidate.name, ...probe });
      await save();
    },
  });

  const inProcessTask = (candidates: readonly Candidate[], round: number): ListrTask => ({
    title: 'in process, without HTTP',
    enabled: () => candidates.length > 0,
    skip: () => contextOf().host.isRemote && 'the service is on another machine',
    task: async (_, task) => {
      const { save, signal } = contextOf();
      for (const candidate of candidates) {
        task.output = candidate.name;
        try {
          progress.inProcess.push(...(await measureInProcess(candidate, round, plan.choice.profile.inProcess, signal)));
        } catch (error) {
          signal.throwIfAborted();
          task.title = messageOf(error); // the others go on: it has no such figure in this round
        }
        await save();
      }
    },
  });

  const searchTask = (cell: PlannedCell): ListrTask => ({
    title: `capacity, ${cellName(cell)}`,
    task: async (_, task) => {
      const say: Say = (text) => (task.output = text);
      const capacity = await search(cell, progress, contextOf(), { retries, say });
      task.title = `capacity, ${cellName(cell)}: ${capacityText(capacity)}`;
    },
  });

  const curves: ListrTask = {
    title: 'p99 at other rates',
    task: (_, task) => task.newListr(plan.curves.map(curveTask), { concurrent: false }),
  };
  const searches: ListrTask = {
    title: 'capacity searches',
    task: (_, task) => task.newListr(plan.searches.map(searchTask), { concurrent: false }),
  };
  return [
    calibration,
    ...plan.rounds.map((cells, index): ListrTask => ({
      title: `round ${index + 1} of ${plan.rounds.length}`,
      task: (_, task) =>
        task.newListr([...cells.map(cellTask), inProcessTask(plan.inProcess[index] ?? [], index + 1)], {
          concurrent: false,
        }),
    })),
    ...(plan.curves.length === 0 ? [] : [curves]),
    ...(plan.searches.length === 0 ? [] : [searches]),
  ];
}

/** Keeps every probe as it comes, so that an interrupted search has something to show. */
async function search(
  cell: PlannedCell,
  progress: Progress,
  { save, ...context }: RoundsContext,
  { retries, say }: { readonly retries: number; readonly say: Say },
): Promise<Capacity> {
  const { round, workload, candidate, profile } = cell;
  const place = progress.capacities.length;
  const identity = { round, workload: workload.name, strategy: candidate.name };
  const probes: Probe[] = [];
  const endMs = performance.now() + mostSearchSeconds(cell) * 1000;
  const tryRate = async (ratePerSecond: number): Promise<Probe | undefined> => {
    // A disturbed step is repeated only as far as the time that was announced goes.
    const timesLeft = Math.floor((endMs - performance.now()) / (probeSeconds(cell, ratePerSecond) * 1000));
    if (timesLeft < 1) return undefined;
    const { cost: _cost, ...probed } = { ...cell, profile: probeProfile(profile, ratePerSecond) };
    const probe = probeOf(await measureCell(probed, { ...context, say }, Math.min(retries, timesLeft - 1)));
    probes.push(probe);
    progress.capacities[place] = {
      ...identity,
      done: false,
      passedPerSecond: undefined,
      failedPerSecond: undefined,
      probes: [...probes],
    };
    await save();
    return probe;
  };
  const limitPerSecond = progress.calibration?.limitPerSecond ?? Number.POSITIVE_INFINITY;
  const capacity = await searchCapacity(profile.ratePerSecond, limitPerSecond, tryRate);
  progress.capacities[place] = { ...identity, done: true, ...capacity };
  await save();
  return capacity;
}

export function progressList(
  tasks: ListrTask[],
  { renderer, collapse }: { renderer: 'default' | 'silent'; collapse: boolean },
): Listr {
  return new Listr(tasks, {
    concurrent: false,
    renderer,
    registerSignalListeners: false, // an interrupt ends the children first; see compare.ts
    fallbackRenderer: 'simple',
    rendererOptions: { collapseSubtasks: collapse, showErrorMessage: false, collapseErrors: false },
  });
}

function cellName({ workload, candidate, threads, point, environment }: PlannedCell): string {
  const held = point !== undefined && environment['HOLD_US'] !== undefined ? `, ${point} µs held` : '';
  return `${workload.name}, ${candidate.name} (${threads} ${threads === 1 ? 'thread' : 'threads'}${held})`;
}

function outcomeText({ measured, error, kind }: CellResult): string {
  if (measured === undefined) return `failed: ${error?.split('\n')[0]}`;
  const { proof, measurement, flags } = measured;
  if (kind === 'control') return proof.statement;
  if (!proof.holds) return `PROOF FAILED: ${proof.statement}`;
  const disturbed = flags.length === 0 ? '' : ` (disturbed: ${flags.join(', ')})`;
  return `${wholeText(measurement.closedPerSecond ?? measurement.goodputPerSecond)}/s, proved${disturbed}`;
}

function capacityText({ passedPerSecond, failedPerSecond, stopped }: Capacity): string {
  if (passedPerSecond === undefined)
    return stopped === undefined ? 'no rate was served within the SLO' : `not found: ${stopped}`;
  const found = `${failedPerSecond === undefined ? '≥ ' : ''}${wholeText(passedPerSecond)}/s`;
  return stopped === undefined ? found : `${found} (stopped: ${stopped})`;
}
