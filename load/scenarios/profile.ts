/**
 * What the k6 scripts and the runner agree on: the settings passed by environment, and the names of metrics and keys.
 * k6 loads it too, so it imports nothing of Node.
 */
import type { ArrivalKind } from './arrivals.ts';

/** One k6 run: a warm-up and a measured part at one open rate, then a closed loop, with a probe beside both. */
export interface LoadProfile {
  readonly ratePerSecond: number;
  readonly warmupSeconds: number;
  readonly measureSeconds: number;
  readonly closedSeconds: number;
  readonly closedVus: number;
  readonly bystanderRatePerSecond: number;
  /** How many keys the requests are spread over; 1 is the hot key. */
  readonly keys: number;
  /** Answers later than this, counted from their scheduled time, are not goodput. */
  readonly sloMs: number;
  /** Of the keys: the same in every run of a comparison. */
  readonly seed: number;
  /** `random`: a Poisson process, as independent clients make it. `even`: a metronome, which makes a lock look idle. */
  readonly arrivals: ArrivalKind;
  /** The same for all strategies of a round, so that they meet the same bursts. */
  readonly arrivalSeed: number;
}

/** Used by a plain `k6 run` for whatever the environment leaves out. */
export const standaloneProfile: LoadProfile = {
  ratePerSecond: 100,
  warmupSeconds: 1,
  measureSeconds: 10,
  closedSeconds: 2,
  closedVus: 50,
  bystanderRatePerSecond: 100,
  keys: 16,
  sloMs: 50,
  seed: 1,
  arrivals: 'random',
  arrivalSeed: 1,
};

const variableOf: Record<keyof LoadProfile, string> = {
  ratePerSecond: 'RATE',
  warmupSeconds: 'WARMUP_SECONDS',
  measureSeconds: 'MEASURE_SECONDS',
  closedSeconds: 'CLOSED_SECONDS',
  closedVus: 'CLOSED_VUS',
  bystanderRatePerSecond: 'BYSTANDER_RATE',
  keys: 'KEYS',
  sloMs: 'SLO_MS',
  seed: 'SEED',
  arrivals: 'ARRIVALS',
  arrivalSeed: 'ARRIVAL_SEED',
};

const fields = Object.keys(variableOf) as readonly (keyof LoadProfile)[];

const mayBeZero: ReadonlySet<keyof LoadProfile> = new Set(['warmupSeconds', 'closedSeconds', 'seed', 'arrivalSeed']);

/** The variables that make a script run `profile`. */
export function environmentOf(profile: LoadProfile): Record<string, string> {
  return Object.fromEntries(fields.map((field) => [variableOf[field], String(profile[field])]));
}

/**
 * The profile that `environment` asks for.
 *
 * @throws {Error} a variable is not a number, is negative, or is 0 where that makes no load; or no kind of arrivals
 */
export function profileFrom(environment: Record<string, string | undefined>): LoadProfile {
  const profile: { -readonly [Field in keyof LoadProfile]: LoadProfile[Field] } = { ...standaloneProfile };
  for (const field of fields) {
    const text = environment[variableOf[field]];
    if (text === undefined || text === '') continue;
    if (field === 'arrivals') {
      if (text !== 'random' && text !== 'even') throw new Error(`ARRIVALS="${text}" must be random or even`);
      profile.arrivals = text;
      continue;
    }
    const value = Number(text);
    const least = mayBeZero.has(field) ? 0 : 1;
    if (!Number.isFinite(value) || value < least) {
      throw new Error(`${variableOf[field]}="${text}" must be a number of at least ${least}`);
    }
    profile[field] = value;
  }
  return profile;
}

/** Requests of the open loop, in its warm-up and measured part. */
export function arrivalCount({ ratePerSecond, warmupSeconds, measureSeconds }: LoadProfile): number {
  return Math.round(ratePerSecond * warmupSeconds) + Math.round(ratePerSecond * measureSeconds);
}

/** Above this rate k6's own lateness shows in a p99, on any machine that was tried. */
export const MAX_RATE_PER_SECOND = 2_000;

/** Samples below which a 99th percentile is not shown. */
export const P99_MIN_SAMPLES = 1_000;

/** Samples below which a 99.9th percentile is not shown. */
export const P999_MIN_SAMPLES = 10_000;

/** Into how many slices the measured part is cut for the series over time: one a second, at least 3, at most 20. */
export function sliceCount({ measureSeconds }: LoadProfile): number {
  return Math.min(20, Math.max(3, Math.round(measureSeconds)));
}

/** Above this many keys, several keys share one bucket of the proof, so that the number of metrics stays small. */
const MAX_BUCKETS = 16;

/** In how many buckets acknowledged increments are counted. */
export function bucketCount(keys: number): number {
  return Math.min(keys, MAX_BUCKETS);
}

/** The bucket that key number `index` is counted in. */
export function bucketOf(index: number, keys: number): number {
  return index % bucketCount(keys);
}

/** The counter's name in the URL. */
export function keyName(index: number): string {
  return `key-${index}`;
}

/** Ids and rooms of the connection workloads. */
export const connectionNames = {
  /** Connections that each phase may take out; after that it beats instead. */
  leavers: 2_000,
  hall: 'hall',
  nobody: 'nobody',
  room: (index: number) => `room-${index % 10}`,
  resident: (index: number) => `resident-${index}`,
  newcomer: (isClosed: boolean, index: number) => `${isClosed ? 'closed' : 'open'}-newcomer-${index}`,
  leaver: (isClosed: boolean, index: number) => `${isClosed ? 'closed' : 'open'}-leaver-${index}`,
} as const;

/** Names of the custom metrics. */
export const metricNames = {
  /** From the scheduled start to the answer, ms; correct answers only, measured part only. */
  e2e: 'e2e_ms',
  /** How late the generator itself was: after its sleep, against the time at which the request was due, ms. */
  schedLag: 'sched_lag_ms',
  bystander: 'bystander_ms',
  /** Closed-loop requests answered correctly before the phase's end. */
  closedDone: 'closed_acknowledged',
  /** Correct answers of the measured part that came within the SLO. */
  withinSlo: 'within_slo',
  /** Unix ms from which the open scenario's due times count. */
  openStarted: 'open_started_unix_ms',
  /** What the service says a request spent in each part, and what k6 saw of the same requests, ms. */
  part: (name: 'wait' | 'hold' | 'origin' | 'total') => `part_${name}_ms`,
  /** Config versions below one that the same VU had already seen. */
  wentBack: 'version_went_back',
  /** WebSockets that messages were handed to, by the service's account. */
  delivered: 'messages_delivered',
  /** Messages that WebSockets received. */
  received: 'messages_received',
  /** Of those, the ones whose sender had sent them before one that came earlier, and doubled ones. */
  disordered: 'messages_out_of_order',
} as const;

/** What became of requests of one group: `acknowledged`, `refused` (nothing was changed), the rest is unknown. */
export const tallyNames = {
  /** About to be sent: also those of iterations that k6 cuts off. */
  attempted: (group: string) => `attempted_${group}`,
  acknowledged: (group: string) => `acknowledged_${group}`,
  refused: (group: string) => `refused_${group}`,
} as const;

/** What an answer says of the request; `unknown` when it may or may not have been applied. */
export function outcomeOf(status: number): 'acknowledged' | 'refused' | 'unknown' {
  if ((status >= 200 && status < 300) || status === 304) return 'acknowledged';
  if ((status >= 400 && status < 500) || status === 503 || status === 507) return 'refused';
  return 'unknown';
}

/** Written by the script for each measured request: when it was sent, in seconds as due times count. */
export function sentLine(atSeconds: number): string {
  return `sent ${atSeconds.toFixed(6)}`;
}

/** When the measured requests were sent, ascending, out of what a script wrote; other lines are not read. */
export function sentTimesIn(lines: readonly string[]): number[] {
  return lines.flatMap((line) => (line.startsWith('sent ') ? [Number(line.slice(5))] : [])).sort((a, b) => a - b);
}
