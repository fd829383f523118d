import { counter, type Family, type Sample } from './families.ts';
import type { RequestMeter } from './request-meter.ts';
import type { RouteLabels } from './route-labels.ts';

const DURATION = 'http_request_duration_seconds';

/** Requests by route: how many with which status, and how long they took. Routes nobody asked for are left out. */
export function requestFamilies(routes: readonly RouteLabels[], meter: RequestMeter): Family[] {
  const requests: Sample[] = [];
  const durations: Sample[] = [];
  for (const [route, { method, route: template, strategy }] of routes.entries()) {
    const { byStatus, buckets, count, sumMs } = meter.totals(route);
    if (count === 0) continue;
    const labels = { method, route: template, strategy };
    for (const [status, value] of byStatus) requests.push({ labels: { ...labels, status }, value });
    for (const { upToMs, count: value } of [...buckets, { upToMs: Infinity, count }]) {
      const le = upToMs === Infinity ? '+Inf' : upToMs / 1_000;
      durations.push({ metricName: `${DURATION}_bucket`, labels: { ...labels, le }, value });
    }
    durations.push({ metricName: `${DURATION}_sum`, labels, value: sumMs / 1_000 });
    durations.push({ metricName: `${DURATION}_count`, labels, value: count });
  }
  const help = 'From the arrival of a request to its answer, without the time on the wire';
  return [
    counter('http_requests_total', 'Requests by route, strategy and status; /healthz is not counted', requests),
    { name: DURATION, help, type: 'histogram', values: durations },
  ];
}
