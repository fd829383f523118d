/** Whether a run was measured under conditions in which its latencies mean something. Pure: figures in, reasons out. */

import { percent } from './format.ts';

export interface Conditions {
  /** CPU taken by processes that are no part of the comparison, in cores; undefined where the system does not say. */
  readonly foreignCores: number | undefined;
  /** Of all CPU time, the share the hypervisor kept for others. */
  readonly stealShare: number | undefined;
  /** Of all CPU time, the share that was in use. */
  readonly busyShare: number | undefined;
  /** How late the generator was; undefined where drops make it unknown. */
  readonly lagP99Ms: number | undefined;
  /** Of the arrivals, the share that the generator did not get to. */
  readonly unstartedShare: number;
}

export const LIMITS = {
  foreignCores: 0.1,
  stealShare: 0.01,
  busyShare: 0.8,
  lagP99Ms: 5,
  unstartedShare: 0.01,
} as const;

/** Why the run should be repeated, in words for a table's footnote; empty when it is valid. */
export function flagsOf(conditions: Conditions): string[] {
  const { foreignCores = 0, stealShare = 0, busyShare = 0, lagP99Ms = 0, unstartedShare } = conditions;
  return [
    ...(foreignCores > LIMITS.foreignCores ? [`other programs ran (${foreignCores.toFixed(2)} cores)`] : []),
    ...(stealShare > LIMITS.stealShare ? [`the hypervisor took CPU time (${percent(stealShare)})`] : []),
    ...(busyShare > LIMITS.busyShare ? [`the CPU was busy (${percent(busyShare)})`] : []),
    ...(lagP99Ms > LIMITS.lagP99Ms ? [`the generator was late (${lagP99Ms.toFixed(1)} ms at its p99)`] : []),
    ...(unstartedShare > LIMITS.unstartedShare ? [`the generator missed arrivals (${percent(unstartedShare)})`] : []),
  ];
}

/** The flag without its figures: the same disturbance in another run is the same. */
export function reasonOf(flag: string): string {
  return flag.replace(/ \(.*\)$/u, '');
}
