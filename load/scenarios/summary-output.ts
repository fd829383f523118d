/** What a script leaves behind: the whole summary as JSON for the runner, or a few lines for someone at a terminal. */
import { metricNames, P99_MIN_SAMPLES, type LoadProfile } from './profile.ts';

/** The part of k6's summary object that is read. */
export interface SummaryData {
  readonly metrics: Record<string, { readonly values: Record<string, number> } | undefined>;
}

/** A `handleSummary` that writes to SUMMARY_PATH where that is set, else prints. */
export function summaryOutput(strategy: string, profile: LoadProfile): (data: SummaryData) => Record<string, string> {
  return (data) => {
    const path = __ENV['SUMMARY_PATH'];
    return path ? { [path]: JSON.stringify(data) } : { stdout: describe(strategy, profile, data) };
  };
}

function describe(strategy: string, profile: LoadProfile, data: SummaryData): string {
  const e2e = data.metrics[`${metricNames.e2e}{phase:measure}`]?.values ?? {};
  const dropped = data.metrics['dropped_iterations{scenario:open}']?.values['count'] ?? 0;
  const failedShare = data.metrics['http_req_failed']?.values['rate'] ?? 1;
  const closed = data.metrics[metricNames.closedDone]?.values['count'] ?? 0;
  const count = e2e['count'] ?? 0;
  const ms = (name: string) => `${(e2e[name] ?? 0).toFixed(2)} ms`;
  const p99 = count >= P99_MIN_SAMPLES ? ms('p(99)') : '–';
  const percentiles = count > 0 ? `p50 ${ms('med')}, p95 ${ms('p(95)')}, p99 ${p99}` : 'nothing was acknowledged';
  const latency = dropped > 0 ? `saturated (${dropped} dropped)` : percentiles;
  const throughput =
    profile.closedSeconds > 0 ? `${Math.round(closed / profile.closedSeconds)}/s with ${profile.closedVus} VUs` : '–';
  return [
    '',
    `${strategy}: ${count} requests measured at ${profile.ratePerSecond}/s`,
    `  latency     ${latency}`,
    `  throughput  ${throughput}`,
    `  failed      ${(failedShare * 100).toFixed(2)} %`,
    '',
  ].join('\n');
}
