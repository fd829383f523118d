import { counter, type Family, gauge, type Labels } from './families.ts';
import { type Gauge, type LockCounts, type ThreadGauges } from './thread-gauges.ts';

/**
 * What each thread says of itself: at most a second old.
 *
 * @param requests that each thread answered, which is what it did until now
 */
export function threadFamilies(values: ThreadGauges, requests: readonly number[]): Family[] {
  const perThread = (name: string, help: string, wanted: Gauge, scale = 1, family = gauge): Family =>
    family(
      name,
      help,
      Array.from({ length: values.positions }, (_, thread) => ({
        labels: { thread },
        value: values.get(thread, wanted) * scale,
      })),
    );
  return [
    perThread('thread_heap_used_bytes', 'JavaScript heap in use', 'heapUsedBytes'),
    perThread('thread_heap_limit_bytes', 'Where the heap may not grow further', 'heapLimitBytes'),
    perThread(
      'thread_event_loop_utilization',
      'Share of the last second that the event loop was busy',
      'loopUtilization',
    ),
    perThread(
      'thread_event_loop_delay_p50_seconds',
      'How late the event loop was, in the last half minute',
      'loopDelayP50Ms',
      1e-3,
    ),
    perThread(
      'thread_event_loop_delay_p99_seconds',
      'How late the event loop was, in the last half minute',
      'loopDelayP99Ms',
      1e-3,
    ),
    perThread('http_open_connections', 'Sockets that are open, WebSockets included', 'connections'),
    perThread('http_body_bytes', 'What bodies take that came in and are not answered yet', 'bodyBytes'),
    ...(
      [
        ['connections_refused', 'Connections that were refused because all were taken', 'connectionsRefused'],
        ['connections_evicted', 'Idle connections that were closed to make room', 'connectionsEvicted'],
        ['bodies_refused', 'Bodies that were refused because there was no memory for them', 'bodiesRefused'],
      ] as const
    ).map(([name, help, wanted]) => perThread(`http_${name}_total`, help, wanted, 1, counter)),
    counter(
      'thread_http_requests_total',
      'Requests that the thread answered: a shared port spreads connections, not requests',
      requests.map((value, thread) => ({ labels: { thread }, value })),
    ),
  ];
}

/** Mutexes, by cell: waits are all timed, holds one time in 64. */
export function lockFamilies(cells: readonly string[], values: ThreadGauges): Family[] {
  const seen = cells.map((cell, at) => ({ labels: cellLabels(cell), counts: values.locks(at) }));
  const used = seen.filter(({ counts }) => counts.runs > 0);
  const count = (name: string, help: string, wanted: keyof LockCounts, scale = 1): Family =>
    counter(
      name,
      help,
      used.map(({ labels, counts }) => ({ labels, value: counts[wanted] * scale })),
    );
  return [
    count('lock_acquisitions_total', 'Times that a mutex was taken', 'runs'),
    count('lock_waits_total', 'Times that it was not free at once', 'waits'),
    count('lock_wait_seconds_total', 'Time spent waiting for it', 'waitedMs', 1e-3),
    count('lock_holds_sampled_total', 'Holds that were timed: one in 64', 'holdsSampled'),
    count('lock_hold_sampled_seconds_total', 'Time that those took', 'heldMsSampled', 1e-3),
  ];
}

/** The labels of `{strategy}/{resource}`. */
export function cellLabels(cell: string): Labels {
  const [strategy, resource] = cell.split('/') as [string, string];
  return { strategy, resource };
}
