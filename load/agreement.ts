/**
 * Whether the comparison measures what is there: a service that serves one request at a time and keeps a record of its
 * own is searched for its capacity, loaded to 0.8 of it, and its record held beside what k6 saw.
 */
import { quantile } from 'simple-statistics';
import { z } from 'zod';
import { calibrate, type Calibration } from './calibration.ts';
import { probeOf, searchCapacity, type Capacity } from './capacity.ts';
import { measureCell, type CellContext, type CellResult } from './cell.ts';
import { ServiceError } from './errors.ts';
import { planComparison, probeProfile, secondsForP99, type PlannedCell } from './plan.ts';
import { profiles } from './profiles.ts';
import type { Candidate } from './registry.ts';
import type { LoadProfile } from './scenarios/profile.ts';
import { estimateOf, type Estimate } from './statistics/estimate.ts';
import { comparePairs, type Pair } from './statistics/pairs.ts';
import { relationOf } from './statistics/relation.ts';
import { workloads } from './workloads/index.ts';
import type { Target, Workload } from './workloads/workload.ts';

/** What is compared: k6's figure over the service's own. */
export interface Agreement {
  readonly percentile: 'p50' | 'p99';
  readonly measuredMs: Estimate;
  readonly recordedMs: Estimate;
  readonly comparison: Pair;
  /** As anywhere else: at most so far apart as is worth saying. */
  readonly agrees: boolean;
}

export interface AgreementRun {
  readonly calibration: Calibration;
  readonly capacity: Capacity;
  readonly ratePerSecond: number;
  readonly flaggedRounds: number;
  readonly agreements: readonly Agreement[];
}

export interface AgreementOptions {
  /** A service whose increments under this candidate are served one after another, and that answers GET /record. */
  readonly candidate: Candidate;
  /** How long it takes for each. */
  readonly serviceMs: number;
  readonly rounds: number;
  readonly seed: number;
  readonly context: CellContext;
}

const LOAD = 0.8;
const recordSchema = z.array(z.tuple([z.number(), z.number()]));
type ServiceRecord = z.output<typeof recordSchema>;

/** @throws {ServiceError} no rate is served at all, or a run failed */
export async function measureAgreement(options: AgreementOptions): Promise<AgreementRun> {
  const { candidate, rounds, seed, context } = options;
  const calibration = await calibrate(candidate, { threads: 1, arrivals: 'random' }, context);
  let record: ServiceRecord = [];
  const cell = queueCell(candidate, options.serviceMs, seed, async (target) => {
    const response = await fetch(`${target.baseUrl}/record`, { signal: target.signal });
    record = recordSchema.parse(await response.json());
  });
  const capacity = await searchCapacity(cell.profile.ratePerSecond, calibration.limitPerSecond, async (rate) =>
    probeOf(await measureCell({ ...cell, profile: probeProfile(cell.profile, rate) }, context, 2)),
  );
  if (capacity.passedPerSecond === undefined) throw new ServiceError('no rate was served within the SLO');

  const ratePerSecond = Math.floor(LOAD * capacity.passedPerSecond);
  const pairs: { measured: Seen; recorded: Seen }[] = [];
  let flaggedRounds = 0;
  for (let round = 1; round <= rounds; round++) {
    context.say(`round ${round} of ${rounds} at ${ratePerSecond}/s`);
    const result = await measureCell(
      { ...cell, round, profile: roundProfile(cell.profile, ratePerSecond) },
      context,
      2,
    );
    const measured = seenByK6(result);
    if (result.measured!.flags.length > 0) flaggedRounds++;
    pairs.push({ measured, recorded: seenByService(record, result) });
  }
  const agreements = (['p50', 'p99'] as const).map((percentile) => agreementOf(percentile, pairs));
  return { calibration, capacity, ratePerSecond, flaggedRounds, agreements };
}

/** As long as a p99 needs, however low the rate. */
function roundProfile(profile: LoadProfile, ratePerSecond: number): LoadProfile {
  return { ...probeProfile(profile, ratePerSecond), measureSeconds: secondsForP99(ratePerSecond) };
}

interface Seen {
  readonly p50: number;
  readonly p99: number;
}

/** A run against a service that stores increments one after the other, `serviceMs` for each. */
export function queueCell(
  candidate: Candidate,
  serviceMs: number,
  seed: number,
  keepRecord: (target: Target) => Promise<void> = async () => {},
): PlannedCell {
  const storing = workloads.find(({ environment }) => environment['WRITE_THROUGH'] === 'on')!;
  const workload: Workload = {
    ...storing,
    environment: { ...storing.environment, ORIGIN_LATENCY_MS: String(serviceMs) },
    async prove(target, seen) {
      await keepRecord(target);
      return await storing.prove(target, seen);
    },
  };
  const choice = {
    profile: profiles[0]!,
    workloads: [workload],
    strategies: [candidate.name],
    origin: 'embedded' as const,
    arrivals: 'random' as const,
    ratePerSecond: Math.ceil(500 / serviceMs),
    sloMs: serviceMs * 5,
    rounds: 1,
    capacitySearches: 0,
    seed,
    threads: 1,
  };
  const { cost: _cost, ...cell } = planComparison(choice, [candidate]).rounds[0]![0]!;
  return cell;
}

function seenByK6({ measured, error }: CellResult): Seen {
  const e2e = measured?.measurement.e2e;
  if (e2e === undefined) throw new ServiceError(error ?? 'nothing was measured');
  return { p50: e2e.p50, p99: e2e.p99 };
}

/** Of the measured part only, as k6's. */
function seenByService(record: ServiceRecord, { measured, profile }: CellResult): Seen {
  const fromUnixMs = measured!.measurement.openStartedUnixMs + profile.warmupSeconds * 1000;
  const toUnixMs = fromUnixMs + profile.measureSeconds * 1000;
  const elapsed = record.flatMap(([at, elapsedMs]) => (at >= fromUnixMs && at < toUnixMs ? [elapsedMs] : []));
  return { p50: quantile(elapsed, 0.5), p99: quantile(elapsed, 0.99) };
}

/** Pure, so that the rule itself is tested. */
export function agreementOf(
  percentile: Agreement['percentile'],
  pairs: readonly { readonly measured: Seen; readonly recorded: Seen }[],
): Agreement {
  const measured = pairs.map((pair) => pair.measured[percentile]);
  const recorded = pairs.map((pair) => pair.recorded[percentile]);
  const [comparison] = comparePairs([
    { name: 'k6', perRound: measured },
    { name: 'the service', perRound: recorded },
  ]);
  if (comparison === undefined) throw new RangeError(`${pairs.length} rounds are too few to compare`);
  return {
    percentile,
    measuredMs: estimateOf(measured)!,
    recordedMs: estimateOf(recorded)!,
    comparison,
    agrees: relationOf(comparison) === 'bounded',
  };
}
