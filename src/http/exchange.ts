/**
 * One request and its answer. Kept thin, because it is on the path of every request: nothing is made before it is
 * needed (the abort signal, the timer of the deadline), headers go out with the response instead of being set later,
 * and a handler whose result is there at once answers without a promise. `docs/decisions/` has what each of these
 * saves.
 */
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { ClientGoneError, DeadlineError } from '../errors.ts';
import type { Call } from '../resources/call.ts';
import type { Awaitable, Timing } from '../sync/wait.ts';
import type { Lane } from './admission.ts';
import type { Incoming } from './body-memory.ts';
import { problemOf } from './problems.ts';
import { requestIdOf } from './request-id.ts';

/** `incoming` and `outgoing` are missing where a test calls `app.request()` without a socket. */
export type HttpEnvironment = { Bindings: Partial<Omit<HttpBindings, 'incoming'> & { incoming: Incoming }> };
export type HttpContext = Context<HttpEnvironment>;

export interface ExchangeOptions {
  /** Deadline of a request, in milliseconds after it came in. */
  readonly timeoutMs: number;
  readonly serverTiming: boolean;
  /** Called with errors that are defects of the service. */
  readonly onDefect: (error: unknown, requestId: string) => void;
  /** Called with every answer. On the path of every request, so it has to be quick. */
  readonly onAnswer?: OnAnswer | undefined;
  /** Undefined for routes that are always admitted. */
  readonly admission?: Lane | undefined;
}

export type OnAnswer = (
  context: HttpContext,
  requestId: string,
  status: number,
  elapsedMs: number,
  endedMs: number,
) => void;

export class Exchange implements Call {
  readonly requestId: string;
  readonly timing: Timings | undefined;
  readonly #context: HttpContext;
  readonly #options: ExchangeOptions;
  readonly startedMs = performance.now();
  #abort: AbortController | undefined;
  #deadline: NodeJS.Timeout | undefined;

  constructor(context: HttpContext, options: ExchangeOptions) {
    this.#context = context;
    this.#options = options;
    this.requestId = requestIdOf(this.header('x-request-id'));
    this.timing = options.serverTiming ? new Timings() : undefined;
  }

  get remainingMs(): number {
    return Math.max(0, this.startedMs + this.#options.timeoutMs - performance.now());
  }

  get signal(): AbortSignal {
    return (this.#abort ??= this.#watch()).signal;
  }

  /** A request header by its lower-case name. */
  header(name: string): string | undefined {
    const headers = this.#context.env?.incoming?.headers;
    if (headers === undefined) return this.#context.req.header(name);
    const value = headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  /** Answers with a body that is ready to be sent; `headers` are this answer's own, and added to. */
  answer(body: string | Uint8Array<ArrayBuffer> | null, status: number, headers: Record<string, string>): Response {
    return new Response(body, { status, headers: this.#headers(headers) });
  }

  /** Answers with JSON text. */
  json(body: string, status = 200, headers?: Record<string, string>): Response {
    return this.answer(body, status, { 'content-type': 'application/json', ...headers });
  }

  /** Answers without a body. */
  empty(status: number, headers?: Record<string, string>): Response {
    return this.answer(null, status, { ...headers });
  }

  /** Answers with the problem document of any error; `more` are headers besides its own. */
  problem(error: unknown, more?: Record<string, string>): Response {
    const { method } = this.#context.req;
    const write = method !== 'GET' && method !== 'HEAD';
    const { status, body, headers } = problemOf(error, { requestId: this.requestId, write });
    if (status === 500) this.#options.onDefect(error, this.requestId);
    return new Response(body, { status, headers: this.#headers({ ...headers, ...more }) });
  }

  /** Says that this is the answer. */
  answered(response: Response): Response {
    const { onAnswer } = this.#options;
    if (onAnswer !== undefined) {
      const endedMs = performance.now();
      onAnswer(this.#context, this.requestId, response.status, endedMs - this.startedMs, endedMs);
    }
    return response;
  }

  /** Ends what was started on behalf of the request. */
  finish(): void {
    clearTimeout(this.#deadline);
  }

  #headers(headers: Record<string, string>): Record<string, string> {
    headers['x-request-id'] = this.requestId;
    const timing = this.timing?.toString();
    if (timing) headers['server-timing'] = timing;
    return headers;
  }

  #watch(): AbortController {
    const abort = new AbortController();
    this.#deadline = setTimeout(() => abort.abort(new DeadlineError(this.#options.timeoutMs)), this.remainingMs);
    const gone = this.#context.req.raw.signal;
    if (gone.aborted) abort.abort(new ClientGoneError());
    else gone.addEventListener('abort', () => abort.abort(new ClientGoneError()), { once: true });
    return abort;
  }
}

/** Runs a handler; whatever it throws or rejects with becomes a problem document. */
export function exchange(
  context: HttpContext,
  options: ExchangeOptions,
  handler: (exchange: Exchange) => Awaitable<Response>,
): Awaitable<Response> {
  const current = new Exchange(context, options);
  const { admission } = options;
  try {
    admission?.assertOpen(current.startedMs);
    const response = handler(current);
    return response instanceof Promise ? settle(current, response, admission) : current.answered(response);
  } catch (error) {
    return current.answered(current.problem(error));
  }
}

async function settle(current: Exchange, response: Promise<Response>, admission: Lane | undefined): Promise<Response> {
  const wasAlone = admission?.begin() ?? false;
  try {
    return current.answered(await response);
  } catch (error) {
    return current.answered(current.problem(error));
  } finally {
    admission?.end(wasAlone, current.startedMs, performance.now());
    current.finish();
  }
}

/** `then` for a value that may be there already: no promise is made for one that is. */
export function whenReady<T, R>(value: Awaitable<T>, use: (value: T) => Awaitable<R>): Awaitable<R> {
  return value instanceof Promise ? value.then(use) : use(value);
}

/** Adds up what a request spent waiting, holding and at the origin. */
class Timings implements Timing {
  readonly #partMs = new Map<string, number>();

  add(part: 'wait' | 'hold' | 'origin', elapsedMs: number): void {
    this.#partMs.set(part, (this.#partMs.get(part) ?? 0) + elapsedMs);
  }

  /** As the value of a `Server-Timing` header. */
  toString(): string {
    const parts = ['wait', 'hold', 'origin'].filter((part) => this.#partMs.has(part));
    return parts.map((part) => `${part};dur=${this.#partMs.get(part)!.toFixed(3)}`).join(', ');
  }
}
