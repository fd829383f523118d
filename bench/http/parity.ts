/** Before anything is measured: the servers must send the same bytes, or their speeds cannot be compared. */
import { isDeepStrictEqual } from 'node:util';
import { counterOn } from './subjects.ts';

/** One answer, without what differs from moment to moment. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Probe {
  readonly name: string;
  /** Of a counter that nobody has used, since each server counts by itself. */
  readonly key: string;
  readonly body?: string;
  /** Sent as `x-request-id`; without one the server makes its own. */
  readonly requestId?: string;
}

export const probes: readonly Probe[] = [
  { name: 'no body', key: 'probe-1', requestId: 'client-1' },
  { name: 'a body', key: 'probe-2', body: '{"by":41}', requestId: 'client-2' },
  { name: 'no request id', key: 'probe-3' },
];

/** A server, and the segment of its paths. */
export interface Asked {
  readonly url: string;
  readonly strategy: string;
}

export async function ask(
  { url, strategy }: Asked,
  { key, body, requestId }: Probe,
  signal: AbortSignal,
): Promise<Answer> {
  const response = await fetch(`${url}${counterOn({ strategy }, key)}/increment`, {
    method: 'POST',
    signal,
    headers: {
      ...(requestId === undefined ? {} : { 'x-request-id': requestId }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
  });
  const { date: _date, ...headers } = Object.fromEntries(response.headers);
  // Ids that the servers made differ in their letters; their length may differ by the digits of a sequence number.
  if (requestId === undefined)
    headers['x-request-id'] = headers['x-request-id']?.replace(/-\w+$/, '').replace(/./g, 'x') ?? 'none';
  return { status: response.status, headers, body: await response.text() };
}

/** @throws {Error} two servers answer differently; with both answers */
export async function requireSameAnswers(servers: ReadonlyMap<string, Asked>, signal: AbortSignal): Promise<void> {
  for (const probe of probes) {
    const answers = new Map<string, Answer>();
    for (const [name, server] of servers) answers.set(name, await ask(server, probe, signal));
    const difference = differenceOf(answers);
    if (difference !== undefined) throw new Error(`asked with ${probe.name}, ${difference}`);
  }
}

/** What differs from the first answer, in words; undefined when nothing does. */
export function differenceOf(answers: ReadonlyMap<string, Answer>): string | undefined {
  const [first, ...others] = answers;
  for (const [name, answer] of others) {
    if (isDeepStrictEqual(answer, first![1])) continue;
    return `"${name}" and "${first![0]}" answer differently:\n${JSON.stringify(answer)}\n${JSON.stringify(first![1])}`;
  }
  return undefined;
}
