/**
 * What the agent holds for a comparison: one session at a time, with one service at a time. Both end by themselves: the
 * session when its comparison has been silent for too long, the service when it has lived for too long.
 */
import { randomBytes } from 'node:crypto';
import type { OriginName } from '../plan.ts';
import type { HostedService, ServiceHost, WantedService } from '../service-host.ts';

/** A comparison that says nothing for so long is taken for gone. */
const MAX_SILENCE_MS = 120_000;
/** Longer than any run: 10 minutes measured, and what goes before and after. */
const MAX_SERVICE_LIFE_MS = 30 * 60_000;

const codes = { 400: 'BAD_REQUEST', 404: 'NOT_FOUND', 409: 'CONFLICT' } as const;

/** What is asked for is not understood, or does not fit what is there; nothing has changed. */
export class RefusedError extends Error {
  readonly status: keyof typeof codes;

  constructor(status: keyof typeof codes, message: string) {
    super(message);
    this.status = status;
  }

  get code(): (typeof codes)[keyof typeof codes] {
    return codes[this.status];
  }
}

interface Session {
  readonly id: string;
  readonly host: ServiceHost;
  /** Aborted at its end: a start that is on its way ends too. */
  readonly ending: AbortController;
  silence: NodeJS.Timeout;
  service?: { readonly running: HostedService; readonly life: NodeJS.Timeout };
  starting: boolean;
}

export class Sessions implements AsyncDisposable {
  readonly #openHost: (origin: OriginName) => Promise<ServiceHost>;
  readonly #say: (text: string) => void;
  #session: Session | undefined;
  #opening = false;

  constructor(openHost: (origin: OriginName) => Promise<ServiceHost>, say: (text: string) => void) {
    this.#openHost = openHost;
    this.#say = say;
  }

  /** @throws {RefusedError} 409: there is one already */
  async open(origin: OriginName): Promise<Pick<Session, 'id' | 'host'>> {
    if (this.#session !== undefined || this.#opening) throw new RefusedError(409, 'another comparison uses this agent');
    this.#opening = true;
    try {
      const host = await this.#openHost(origin);
      const id = randomBytes(16).toString('hex');
      this.#session = { id, host, ending: new AbortController(), silence: this.#silenceOf(id), starting: false };
      this.#say(`a comparison began, origin: ${host.origin}`);
      return this.#session;
    } finally {
      this.#opening = false;
    }
  }

  /** Ends the session and its service. @throws {RefusedError} 404: there is no such session */
  async close(id: string): Promise<void> {
    await this.#end(this.#of(id), 'it said so');
  }

  /** Says that the comparison is still there. @throws {RefusedError} 404 */
  touch(id: string): void {
    this.#of(id);
  }

  /**
   * @throws {RefusedError} 404: no such session; 409: one service at a time
   * @throws {ServiceError} it did not start
   */
  async start(id: string, wanted: WantedService): Promise<HostedService> {
    const session = this.#of(id);
    if (session.service !== undefined || session.starting) throw new RefusedError(409, 'a service runs already');
    session.starting = true;
    try {
      const running = await session.host.start(wanted, session.ending.signal);
      const life = setTimeout(() => void this.#stopService(session), MAX_SERVICE_LIFE_MS);
      session.service = { running, life };
      if (session.ending.signal.aborted) await this.#stopService(session);
      return running;
    } finally {
      session.starting = false;
    }
  }

  /** @throws {RefusedError} 404: no such session, or no service */
  service(id: string): HostedService {
    const running = this.#of(id).service?.running;
    if (running === undefined) throw new RefusedError(404, 'no service runs: none was started, or it lived too long');
    return running;
  }

  /** @throws {RefusedError} 404  @throws {ServiceError} it did not end as it should */
  async stop(id: string): Promise<void> {
    const running = this.service(id);
    try {
      await running.stop();
    } finally {
      await this.#stopService(this.#of(id));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#session !== undefined) await this.#end(this.#session, 'the agent ends');
  }

  #of(id: string): Session {
    const session = this.#session;
    if (session?.id !== id) throw new RefusedError(404, 'no such session: it was closed, or silent for too long');
    clearTimeout(session.silence);
    session.silence = this.#silenceOf(id);
    return session;
  }

  #silenceOf(id: string): NodeJS.Timeout {
    return setTimeout(() => {
      const session = this.#session;
      if (session?.id === id) void this.#end(session, `it was silent for ${MAX_SILENCE_MS / 1000} s`);
    }, MAX_SILENCE_MS);
  }

  async #end(session: Session, why: string): Promise<void> {
    if (this.#session !== session) return;
    this.#session = undefined;
    clearTimeout(session.silence);
    session.ending.abort(new Error('the session ended'));
    await this.#stopService(session);
    await session.host[Symbol.asyncDispose]();
    this.#say(`the comparison is over: ${why}`);
  }

  async #stopService(session: Session): Promise<void> {
    const { service } = session;
    if (service === undefined) return;
    delete session.service;
    clearTimeout(service.life);
    await service.running[Symbol.asyncDispose]();
  }
}
