/** A host of services on another machine: what `ServiceHost` says, by way of the agent there. */
import { z } from 'zod';
import { messageOf, ServiceError, UsageError } from '../errors.ts';
import type { OriginName } from '../plan.ts';
import type { HostedService, ServiceHost } from '../service-host.ts';
import { clockAnswer, problem, PROTOCOL, serviceAnswer, sessionAnswer, useAnswer } from './protocol.ts';

export interface AgentAddress {
  readonly url: URL;
  readonly token: string;
}

interface OpenOptions extends AgentAddress {
  readonly origin: OriginName;
  readonly signal: AbortSignal;
}

/** A start takes 15 s at most, an end 12. */
const ANSWER_TIMEOUT_MS = 30_000;
/** How often the agent hears that the comparison is still there; it gives up after four of these. */
const ALIVE_EVERY_MS = 30_000;
const CLOCK_READINGS = 5;

/**
 * Opens a session with an agent.
 *
 * @throws {UsageError} no agent there, another token, another version, or another comparison uses it
 */
export async function openRemoteHost({ url, token, origin, signal }: OpenOptions): Promise<ServiceHost> {
  const client = new AgentClient(url, token);
  const session = await client
    .ask(sessionAnswer, 'POST', 'sessions', { body: { protocol: PROTOCOL, origin }, signal })
    .catch((error: unknown) => {
      signal.throwIfAborted();
      throw new UsageError(`--agent ${url.origin}: ${messageOf(error)}`, { cause: error });
    });
  const path = `sessions/${session.id}`;
  const offsetMs = await clockOffsetMs(client, signal);
  const alive = setInterval(() => {
    // One that is lost is made up for by the next; a session that is gone is told by the next call that needs it.
    void client.tell('PUT', `${path}/alive`).catch(() => {});
  }, ALIVE_EVERY_MS);

  return {
    machine: session.machine,
    isRemote: true,
    origin: session.origin,

    async start(wanted, startSignal) {
      const { port } = await client.ask(serviceAnswer, 'POST', `${path}/service`, {
        body: wanted,
        signal: startSignal,
      });
      const at = new URL(url);
      at.port = String(port);
      return remoteService(client, `${path}/service`, at.origin, offsetMs);
    },

    async [Symbol.asyncDispose]() {
      clearInterval(alive);
      await client.tell('DELETE', path).catch(() => {}); // an agent that cannot be reached ends it by itself
    },
  };
}

function remoteService(client: AgentClient, path: string, url: string, offsetMs: number): HostedService {
  let stopped = false;
  const stop = async (): Promise<void> => {
    if (stopped) return;
    stopped = true;
    await client.tell('DELETE', path);
  };
  return {
    url,
    include: () => {}, // the generator is on this machine, the service on that one
    use: async (fromUnixMs, toUnixMs) => {
      const query = new URLSearchParams({
        fromUnixMs: String(fromUnixMs + offsetMs),
        toUnixMs: String(toUnixMs + offsetMs),
      });
      const use = await client.ask(useAnswer, 'GET', `${path}/use?${query.toString()}`);
      return {
        serviceCpuMs: use.serviceCpuMs,
        foreignCores: use.foreignCores,
        stealShare: use.stealShare,
        busyShare: use.busyShare,
      };
    },
    stop,
    [Symbol.asyncDispose]: () => stop().catch(() => {}), // what failed before says why
  };
}

/** By how much the other clock is ahead: of some readings the one that came back fastest, half its way each way. */
async function clockOffsetMs(client: AgentClient, signal: AbortSignal): Promise<number> {
  const readings: { readonly tookMs: number; readonly offsetMs: number }[] = [];
  for (let reading = 0; reading < CLOCK_READINGS; reading++) {
    const sentUnixMs = Date.now();
    const started = performance.now();
    const { unixMs } = await client.ask(clockAnswer, 'GET', 'clock', { signal });
    const tookMs = performance.now() - started;
    readings.push({ tookMs, offsetMs: unixMs - (sentUnixMs + tookMs / 2) });
  }
  return readings.toSorted((a, b) => a.tookMs - b.tookMs)[0]!.offsetMs;
}

interface CallOptions {
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

class AgentClient {
  readonly #url: URL;
  readonly #token: string;

  constructor(url: URL, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** @throws {ServiceError} no answer, a refusal, or an answer of another form */
  async ask<T>(schema: z.ZodType<T>, method: string, path: string, options: CallOptions = {}): Promise<T> {
    const answer = schema.safeParse(await this.#call(method, path, options).then((response) => response.json()));
    if (answer.success) return answer.data;
    throw new ServiceError(`${this.#url.origin} answers ${method} ${path} as no agent of this version does`);
  }

  async tell(method: string, path: string): Promise<void> {
    const response = await this.#call(method, path, {});
    await response.arrayBuffer();
  }

  async #call(method: string, path: string, { body, signal }: CallOptions): Promise<Response> {
    const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    let response: Response;
    try {
      response = await fetch(new URL(path, this.#url), {
        method,
        headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
    } catch (error) {
      signal?.throwIfAborted();
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error);
      throw new ServiceError(`the agent cannot be reached (${cause})`, { cause: error });
    }
    if (response.ok) return response;
    const refusal = problem.safeParse(await response.json().catch(() => undefined));
    throw new ServiceError(refusal.success ? refusal.data.detail : `the agent answered ${response.status}`);
  }
}
