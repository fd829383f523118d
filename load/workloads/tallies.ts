/** Sums of what k6 counted, by group of requests. */
import { tallyNames } from '../scenarios/profile.ts';
import type { Proof, Seen } from './workload.ts';

export interface Outcomes {
  readonly attempted: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly unknown: number;
}

export function outcomesOf(tallies: Seen['tallies'], group: string): Outcomes {
  const [attempted, acknowledged, refused] = [tallyNames.attempted, tallyNames.acknowledged, tallyNames.refused].map(
    (name) => tallies[name(group)] ?? 0,
  ) as [number, number, number];
  return { attempted, acknowledged, refused, unknown: Math.max(0, attempted - acknowledged - refused) };
}

/** Over all groups of the run. */
function allOutcomesOf(tallies: Seen['tallies']): Outcomes {
  const groups = Object.keys(tallies).flatMap((name) => /^attempted_(\w+)$/u.exec(name)?.[1] ?? []);
  const each = groups.map((group) => outcomesOf(tallies, group));
  const sum = (of: keyof Outcomes) => each.reduce((total, outcomes) => total + outcomes[of], 0);
  return {
    attempted: sum('attempted'),
    acknowledged: sum('acknowledged'),
    refused: sum('refused'),
    unknown: sum('unknown'),
  };
}

/** A proof about the whole run: it holds when nothing is broken. */
export function proofOf(tallies: Seen['tallies'], broken: number, statement: string): Proof {
  const { acknowledged, refused, unknown } = allOutcomesOf(tallies);
  return { holds: broken === 0, acknowledged, refused, unknown, broken, statement };
}
