/** The few requests that the runner itself sends, to prepare and to prove. */
import { ServiceError } from '../errors.ts';
import type { Target } from './workload.ts';

const TIMEOUT_MS = 10_000;

/** @param path below `/v1/{strategy}` */
export async function request(target: Target, path: string, init: RequestInit = {}): Promise<Response> {
  const url = `${target.baseUrl}/v1/${target.strategy}${path}`;
  return await fetch(url, { ...init, signal: AbortSignal.any([target.signal, AbortSignal.timeout(TIMEOUT_MS)]) });
}

/** @throws {ServiceError} the answer is not 2xx */
export async function jsonOf(target: Target, path: string): Promise<unknown> {
  const response = await request(target, path);
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  throw new ServiceError(`GET ${path} of ${target.strategy} was answered with ${response.status}`);
}

/** Sends all at once: what no load of a few requests per second would bring about, concurrency on one key. */
export async function burst(count: number, send: (index: number) => Promise<Response>): Promise<Response[]> {
  return await Promise.all(Array.from({ length: count }, (_, index) => send(index)));
}
