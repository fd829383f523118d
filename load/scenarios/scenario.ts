/**
 * A whole k6 script around one operation: an open loop that measures, a closed loop that pushes, a bystander on
 * /healthz beside both, and the summary.
 */
import { check } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Gauge, Trend } from 'k6/metrics';
import type { Options } from 'k6/options';
import { durationsOf } from './durations.ts';
import type { Answer, Operation } from './operation.ts';
import { awaitArrival, optionsFor, sliceOf } from './phases.ts';
import { metricNames, sentLine, sliceCount, type LoadProfile } from './profile.ts';
import { sharedSchedule } from './shared-schedule.ts';
import { summaryOutput, type SummaryData } from './summary-output.ts';

export const baseUrl = __ENV['BASE_URL'] ?? 'http://127.0.0.1:3000';
export const strategy = __ENV['STRATEGY'] ?? 'sync-lock';

/** Whether the runner reads what the script logs; a reader at a terminal would not. */
export const keepsLines = __ENV['KEEP_LINES'] === 'on';

/** Of the measured answers, one in so many is read for its Server-Timing: reading it costs the generator CPU time. */
const TIMING_EVERY = 8;

const requestParams = {
  warmup: { tags: { phase: 'warmup' }, timeout: '8s' },
  measure: { tags: { phase: 'measure' }, timeout: '8s' },
  closed: { tags: { phase: 'closed' }, timeout: '8s' },
} as const;
const phaseTags = { warmup: { phase: 'warmup' }, measure: { phase: 'measure' }, closed: { phase: 'closed' } } as const;
const bystanderParams = { timeout: '8s' } as const;

export interface Script {
  readonly options: Options;
  /** By how much the schedule starts after k6. */
  readonly leadSeconds: number;
  readonly open: () => void;
  readonly closed: () => void;
  readonly bystander: () => void;
  readonly handleSummary: (data: SummaryData) => Record<string, string>;
}

/** Everything a script has to export. To be called once, while k6 loads the script. */
export function scenario(profile: LoadProfile, operate: Operation): Script {
  const { openSeconds, bystanderSeconds } = durationsOf(profile);
  const schedule = sharedSchedule(profile);
  const { leadSeconds } = schedule;
  const openPart = { due: schedule.open, leadSeconds, partSeconds: openSeconds };
  const bystanderPart = { due: schedule.bystander, leadSeconds, partSeconds: bystanderSeconds };
  const e2e = new Trend(metricNames.e2e);
  const schedLag = new Trend(metricNames.schedLag);
  const bystanderTime = new Trend(metricNames.bystander);
  const closedDone = new Counter(metricNames.closedDone);
  const withinSlo = new Counter(metricNames.withinSlo);
  const openStarted = new Gauge(metricNames.openStarted);
  const addParts = serverTimings();
  const sliceTags = Array.from({ length: sliceCount(profile) }, (_, slice) => ({
    phase: 'measure',
    slice: String(slice),
    third: String(Math.floor((slice * 3) / sliceCount(profile))),
  }));

  return {
    options: optionsFor(profile, schedule),
    leadSeconds,

    /** One request when it is due; its latency counts from then, whenever it was sent. */
    open() {
      const arrival = awaitArrival(profile, openPart);
      if (arrival === undefined) return;
      const { iteration, phase, dueSeconds, latenessMs } = arrival;
      if (iteration === 0) openStarted.add(exec.scenario.startTime + leadSeconds * 1000);

      const { answer, correct } = operate(iteration, requestParams[phase]);
      check(answer, { answered: () => correct });
      if (phase !== 'measure') return;
      schedLag.add(latenessMs, phaseTags.measure);
      if (keepsLines) console.log(sentLine(dueSeconds + latenessMs / 1000));
      if (!correct) return;
      const elapsedMs = latenessMs + answer.timings.blocked + answer.timings.duration;
      e2e.add(elapsedMs, sliceTags[sliceOf(dueSeconds, profile)]);
      if (elapsedMs <= profile.sloMs) withinSlo.add(1);
      if (iteration % TIMING_EVERY === 0) addParts(answer);
    },

    /** One request as soon as the VU's last one was answered: how much the service can do, not how fast it answers. */
    closed() {
      const { answer, correct } = operate(exec.scenario.iterationInTest, requestParams.closed);
      check(answer, { answered: () => correct });
      if (correct && exec.scenario.progress < 1) closedDone.add(1);
    },

    /** Touches no shared state: what it waits for is the event loop, or the CPU. */
    bystander() {
      const arrival = awaitArrival(profile, bystanderPart);
      if (arrival === undefined) return;
      const response = http.get(`${baseUrl}/healthz`, bystanderParams);
      check(response, { 'bystander answered': ({ status }) => status === 200 });
      const elapsedMs = arrival.latenessMs + response.timings.blocked + response.timings.duration;
      bystanderTime.add(elapsedMs, phaseTags[arrival.phase]);
    },

    handleSummary: summaryOutput(strategy, profile),
  };
}

/** Adds up `Server-Timing: wait;dur=…, hold;dur=…, origin;dur=…` of the answers that carry it. */
function serverTimings(): (answer: Answer) => void {
  const total = new Trend(metricNames.part('total'));
  const parts = (['wait', 'hold', 'origin'] as const).map((name) => ({
    of: new RegExp(`\\b${name};dur=([\\d.]+)`),
    trend: new Trend(metricNames.part(name)),
  }));
  return (answer) => {
    const header = answer.headers['Server-Timing'];
    if (header === undefined) return;
    total.add(answer.timings.duration);
    for (const { of, trend } of parts) trend.add(Number(of.exec(header)?.[1] ?? 0));
  };
}
