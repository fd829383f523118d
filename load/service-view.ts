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

/** Out of Prometheus text: the event loop's p99 in seconds, and any counter of requests that is kept per thread. */
export function serviceViewFrom(text: string): ServiceView {
  const samples = text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})?\s+([\d.eE+-]+)/u.exec(line) ?? [];
    return name === undefined ? [] : [{ name, labels, value: Number(value) }];
  });
  const delays = samples.filter(({ name }) => /event_?loop_(?:lag|delay)_p99_seconds$/u.test(name));
  const perThread = new Map<string, number>();
  for (const { name, labels, value } of samples) {
    const thread = /thread="([^"]*)"/u.exec(labels)?.[1];
    if (thread === undefined || !/http_requests?(?:_\w+)?_total$/u.test(name)) continue;
    perThread.set(thread, (perThread.get(thread) ?? 0) + value);
  }
  return {
    ...(delays.length === 0 ? {} : { eventLoopP99Ms: 1000 * Math.max(...delays.map(({ value }) => value)) }),
    ...(perThread.size === 0 ? {} : { requestsPerThread: [...perThread.values()] }),
  };
}
