/** A client that goes on asking, whether or not earlier answers have come. */
import { Agent, get } from 'node:http';
import { setTimeout as after } from 'node:timers/promises';

export interface ProbeOptions {
  readonly intervalMs: number;
  readonly times: number;
}

/**
 * Asks `url` once per interval, on as many connections as it takes: what a stalled server keeps waiting is in the
 * figures, and not left out because the client waited too. A client that is late itself sends later, never in bursts.
 *
 * @returns milliseconds until each answer
 * @throws a request failed, or was not answered with 200
 * @see Tene, "How NOT to Measure Latency" (coordinated omission)
 */
export async function probe(url: string, { intervalMs, times }: ProbeOptions): Promise<number[]> {
  const agent = new Agent({ keepAlive: true });
  try {
    const asked: Promise<number>[] = [];
    while (asked.length < times) {
      asked.push(answered(url, agent));
      asked.at(-1)!.catch(() => {}); // awaited below, with the others
      await after(intervalMs);
    }
    return await Promise.all(asked);
  } finally {
    agent.destroy();
  }
}

/** @returns milliseconds until the whole answer was there */
function answered(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const sentMs = performance.now();
    get(url, { agent }, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve(performance.now() - sentMs);
        else reject(new Error(`${url} answered ${response.statusCode}`));
      });
    }).once('error', reject);
  });
}

/** The value below which `share` of the values are, by the nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]!;
}
