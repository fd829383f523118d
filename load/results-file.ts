/**
 * results/<time>/results.json: written anew after every run, so that whatever ends the comparison, what was measured is
 * there. The report is made of this file and nothing else.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Calibration } from './calibration.ts';
import type { Capacity, Probe } from './capacity.ts';
import type { CellResult } from './cell.ts';
import { UsageError } from './errors.ts';
import type { InProcessResult } from './in-process/result.ts';
import type { K6 } from './k6/resolve.ts';
import type { Machine } from './machine.ts';
import type { Plan, Sweep } from './plan.ts';
import type { ProfileName } from './profiles.ts';
import type { Candidate } from './registry.ts';
import { rounded } from './rounded.ts';
import type { ArrivalKind } from './scenarios/arrivals.ts';
import type { Trial } from './trial.ts';
import type { Workload } from './workloads/workload.ts';

/** Older files are refused by `readResults`. */
const FORMAT = 2;

export interface CapacityResult extends Capacity {
  readonly round: number;
  readonly workload: string;
  readonly strategy: string;
  /** False while the search is under way, and for ever where it was interrupted. */
  readonly done: boolean;
}

/** A strategy at one of the rates at which all are tried. */
export interface CurvePoint extends Probe {
  readonly round: number;
  readonly workload: string;
  readonly strategy: string;
}

export interface Results {
  readonly format: typeof FORMAT;
  readonly status: 'running' | 'complete' | 'interrupted';
  readonly startedAt: string;
  readonly endedAt: string;
  /** As typed, but with the seed that was drawn. */
  readonly command: string;
  /** Where the services ran. */
  readonly machine: Machine;
  /** Where k6 ran, if on another machine. */
  readonly generatorMachine?: Machine;
  readonly k6: K6;
  /** With the version of the Redis, where that is the origin. */
  readonly origin: string;
  readonly profile: ProfileName;
  readonly rounds: number;
  readonly threads: number;
  readonly sloMs: number;
  readonly seed: number;
  /** Missing in files from before arrivals were random. */
  readonly arrivals?: ArrivalKind;
  readonly trial?: Trial;
  readonly sweep?: Sweep;
  /** What every strategy was held against, and what it may be slower by. */
  readonly against?: { readonly before: string; readonly tolerance: number };
  readonly plannedRuns: number;
  readonly workloads: readonly Pick<Workload, 'name' | 'summary' | 'unit' | 'keys'>[];
  readonly candidates: readonly Pick<Candidate, 'name' | 'kind' | 'summary'>[];
  readonly calibration?: Calibration;
  /** Raw figures, in the order in which the cells were run. */
  readonly cells: readonly CellResult[];
  readonly capacities: readonly CapacityResult[];
  /** Missing in files from before there were any. */
  readonly curves?: readonly CurvePoint[];
  /** Missing in files from before it was measured. */
  readonly inProcess?: readonly InProcessResult[];
}

/** What a plan says of the results, before anything is measured. */
export function headOf(
  plan: Plan,
): Pick<
  Results,
  | 'profile'
  | 'rounds'
  | 'threads'
  | 'sloMs'
  | 'seed'
  | 'arrivals'
  | 'trial'
  | 'sweep'
  | 'plannedRuns'
  | 'workloads'
  | 'candidates'
> {
  const { profile, rounds, threads, sloMs, seed, arrivals, trial, sweep, workloads, keys } = plan.choice;
  return {
    profile: profile.name,
    rounds,
    threads,
    sloMs,
    seed,
    arrivals,
    ...(trial === undefined ? {} : { trial }),
    ...(sweep === undefined ? {} : { sweep }),
    plannedRuns: plan.rounds.flat().length,
    workloads: workloads.map(({ name, summary, unit, keys: usual }) => ({ name, summary, unit, keys: keys ?? usual })),
    candidates: plan.candidates.map(({ name, kind, summary }) => ({ name, kind, summary })),
  };
}

export interface ResultsDirectory {
  readonly path: string;
  /** k6's own summaries. */
  readonly rawPath: string;
}

/** Makes results/<time>/ below `parent`. */
export async function createResultsDirectory(parent: string, startedAt: Date): Promise<ResultsDirectory> {
  const path = join(parent, startedAt.toISOString().replaceAll(':', '-').replace(/\..*$/u, ''));
  const rawPath = join(path, 'k6');
  await mkdir(rawPath, { recursive: true });
  return { path, rawPath };
}

/** Replaces results.json as a whole, so that no reader and no power cut sees half of it. */
export async function writeResults(directory: string, results: Omit<Results, 'format'>): Promise<void> {
  const path = join(directory, 'results.json');
  const draft = `${path}.draft`;
  await writeFile(draft, textOf({ format: FORMAT, ...results }));
  await rename(draft, path);
}

/** A line per run: small, and a difference between two files can still be read. */
function textOf({ cells, capacities, ...head }: Results): string {
  const start = JSON.stringify(rounded(head), null, 2).slice(0, -2);
  return `${start},\n  "cells": ${list(cells)},\n  "capacities": ${list(capacities)}\n}\n`;
}

function list(items: readonly unknown[]): string {
  const lines = items.map((item) => `    ${JSON.stringify(rounded(item))}`);
  return lines.length === 0 ? '[]' : `[\n${lines.join(',\n')}\n  ]`;
}

/**
 * The results in a directory.
 *
 * @throws {UsageError} there are none, or they are of another version of the comparison
 */
export async function readResults(directory: string): Promise<Results> {
  const path = join(directory, 'results.json');
  const text = await readFile(path, 'utf8').catch(() => {
    throw new UsageError(`there is no ${path}; name a directory that npm run compare has made`);
  });
  const results = JSON.parse(text) as Results;
  if (results.format === FORMAT) return results;
  throw new UsageError(`${path} was made by another version of the comparison; run it again`);
}

/** The command that repeats a comparison: that of `args`, with its seed. */
export function commandFor(args: readonly string[], seed: number): string {
  const kept = args.filter((arg) => arg !== '--open');
  const seeded = kept.some((arg) => arg === '--seed' || arg.startsWith('--seed=')) ? [] : ['--seed', String(seed)];
  return ['npm run compare --', ...kept, ...seeded].join(' ');
}
