/** Whether a run was measured under conditions in which its figures mean something. Pure: figures in, reasons out. */

import { percent } from './format.ts';

/** What others did to the machine while something was measured; undefined where the system does not say. */
export interface Foreign {
  /** CPU taken by processes that are no part of the comparison, in cores. */
  readonly foreignCores: number | undefined;
  /** Of all CPU time, the share the hypervisor kept for others. */
  readonly stealShare: number | undefined;
}

export interface Conditions extends Foreign {
  /** Of all CPU time, the share that was in use. */
  readonly busyShare: number | undefined;
  /** How late the generator was; undefined where drops make it unknown. */
  readonly lagP99Ms: number | undefined;
  /** Of the arrivals, the share that the generator did not get to. */
  readonly unstartedShare: number;
  /** Beside the closed loop, and beside the cheap generator. Missing where there was none. */
  readonly closed?: Foreign;
  readonly cost?: Foreign;
}

export const LIMITS = {
  foreignCores: 0.1,
  stealShare: 0.01,
  busyShare: 0.8,
  lagP99Ms: 5,
  unstartedShare: 0.01,
} as const;

const FOREIGN = { programs: 'other programs ran', hypervisor: 'the hypervisor took CPU time' } as const;

/** What must be known of the run, in words for a table's footnote; empty when nothing is to be said against it. */
export function flagsOf({ closed, cost, ...open }: Conditions): string[] {
  const { busyShare = 0, lagP99Ms = 0, unstartedShare } = open;
  const worst = (name: keyof Foreign) => Math.max(...[open, closed, cost].map((part) => part?.[name] ?? 0));
  const [foreignCores, stealShare] = [worst('foreignCores'), worst('stealShare')];
  return [
    ...(foreignCores > LIMITS.foreignCores ? [`${FOREIGN.programs} (${foreignCores.toFixed(2)} cores)`] : []),
    ...(stealShare > LIMITS.stealShare ? [`${FOREIGN.hypervisor} (${percent(stealShare)})`] : []),
    ...(busyShare > LIMITS.busyShare ? [`the CPU was busy (${percent(busyShare)})`] : []),
    ...(lagP99Ms > LIMITS.lagP99Ms ? [`the generator was late (${lagP99Ms.toFixed(1)} ms at its p99)`] : []),
    ...(unstartedShare > LIMITS.unstartedShare ? [`the generator missed arrivals (${percent(unstartedShare)})`] : []),
  ];
}

/**
 * Whether a flag tells of something that is no part of what is measured: such a run is repeated, then kept and never
 * ranked. The generator's own lateness is part of it, and to repeat a run for that would be to choose by the outcome.
 */
export function isForeign(flag: string): boolean {
  return flag.startsWith(FOREIGN.programs) || flag.startsWith(FOREIGN.hypervisor);
}

/** The flag without its figures: the same disturbance in another run is the same. */
export function reasonOf(flag: string): string {
  return flag.replace(/ \(.*\)$/u, '');
}
