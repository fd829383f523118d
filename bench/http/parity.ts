/** Before anything is measured: the servers must send the same bytes, or their speeds cannot be compared. */
import { isDeepStrictEqual } from 'node:util';
import { counterOn, hit, type Subject } from './subjects.ts';

/** One answer, without what differs from moment to moment. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Probe {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  pathOn(subject: Subject): string;
  readonly body?: string;
  /** Sent as `x-request-id`; without one the server makes its own. */
  readonly requestId?: string;
}

/** Of a counter that nobody has used, since each server counts by itself. */
function increment(key: string, probe: Pick<Probe, 'name' | 'body' | 'requestId'>): Probe {
  return { ...probe, method: 'POST', pathOn: (subject) => `${counterOn(subject, key)}/increment` };
}

export const incrementProbes: readonly Probe[] = [
  increment('probe-1', { name: 'no body', requestId: 'client-1' }),
  increment('probe-2', { name: 'a body', body: '{"by":41}', requestId: 'client-2' }),
  increment('probe-3', { name: 'no request id' }),
];

/** Of the document that is there by then. */
export const hitProbes: readonly Probe[] = [
  { ...hit, name: 'a cached key', requestId: 'client-1' },
  { ...hit, name: 'a cached key, no request id' },
];

/** A server that runs. */
export interface Asked {
  readonly url: string;
  readonly subject: Subject;
}

export async function ask({ url, subject }: Asked, probe: Probe, signal: AbortSignal): Promise<Answer> {
  const { method, body, requestId } = probe;
  const response = await fetch(`${url}${probe.pathOn(subject)}`, {
    method,
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
  // Seconds pass; what counts is how many digits they have.
  for (const name of ['age', 'cache-status']) {
    if (headers[name] !== undefined) headers[name] = headers[name].replace(/\d/g, '0');
  }
  return { status: response.status, headers, body: await response.text() };
}

/** @throws {Error} two servers answer differently; with both answers */
export async function requireSameAnswers(
  servers: readonly Asked[],
  probes: readonly Probe[],
  signal: AbortSignal,
): Promise<void> {
  for (const probe of probes) {
    const answers = new Map<string, Answer>();
    for (const server of servers) answers.set(server.subject.name, await ask(server, probe, signal));
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
