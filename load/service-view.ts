/** What the service says of itself after a run, where it says so: the delay of its event loops, the spread over its threads. */

export interface ServiceView {
  /** The worst thread's 99th percentile, ms. */
  readonly eventLoopP99Ms?: number;
  /** Requests per thread since the start; `reusePort` spreads connections, not requests. */
  readonly requestsPerThread?: readonly number[];
}

/** Reads /metrics. A service without it is no error: the report then says nothing about its threads. */
export async function readServiceView(baseUrl: string, signal: AbortSignal): Promise<ServiceView> {
  try {
    const response = await fetch(`${baseUrl}/metrics`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]),
    });
    const text = await response.text();
    return response.ok ? serviceViewFrom(text) : {};
  } catch {
    signal.throwIfAborted();
    return {};
  }
}

const DELAY = 'thread_event_loop_delay_p99_seconds';
const REQUESTS = 'thread_http_requests_total';

/** Out of Prometheus text. */
export function serviceViewFrom(text: string): ServiceView {
  const valuesOf = (metric: string): number[] =>
    text.split('\n').flatMap((line) => {
      const [, name, value] = /^(\w+)\{[^}]*\}\s+([\d.eE+-]+)/u.exec(line) ?? [];
      return name === metric ? [Number(value)] : [];
    });
  const [delays, requests] = [valuesOf(DELAY), valuesOf(REQUESTS)];
  return {
    ...(delays.length === 0 ? {} : { eventLoopP99Ms: 1000 * Math.max(...delays) }),
    ...(requests.length === 0 ? {} : { requestsPerThread: requests }),
  };
}
