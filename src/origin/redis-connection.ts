/**
 * One connection to Redis whose every call is answered in time, and whose failures say what became of the call.
 *
 * What was never sent is `not-applied`, and so is what Redis answered with an error. Once a command was handed to the
 * socket nobody can know: it may run although its answer is late or lost.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Redis, type RedisOptions, ReplyError } from 'ioredis';
import { type Outcome, OriginFailedError, OriginTimeoutError } from '../errors.ts';

/** First pause before the next try to connect, and the longest. */
const RECONNECT_MS = 25;
const MAX_RECONNECT_MS = 1_000;

export interface RedisConnectionOptions {
  /** `redis://…`, `rediss://…` or the path of a Unix socket. */
  readonly url: string;
  /** Longest wait for an answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Told once when an established connection is lost, and once when it is back. */
  readonly watch?: ConnectionWatch | undefined;
}

export interface ConnectionWatch {
  onLost(reason: string): void;
  onRegained(awayMs: number): void;
}

export interface CallOptions {
  /** Time left to the caller in milliseconds; the answer comes no later. */
  readonly remainingMs?: number | undefined;
  /** Sends the command this much later, in milliseconds, as a longer wire would. */
  readonly delayMs?: number;
  /** What is true when the answer is lost: a read has changed nothing all the same. */
  readonly ifLost: Outcome;
}

export class RedisConnection {
  readonly #redis: Redis;
  readonly #timeoutMs: number;
  readonly #running = new Set<Promise<unknown>>();
  readonly #watch: ConnectionWatch | undefined;
  #lastError: NodeJS.ErrnoException | undefined;
  #wasReady = false;
  #lostMs: number | undefined;

  constructor({ url, timeoutMs, watch }: RedisConnectionOptions) {
    this.#timeoutMs = timeoutMs;
    this.#watch = watch;
    this.#redis = new Redis(url, safeOptions(timeoutMs));
    this.#redis.on('error', (error: NodeJS.ErrnoException) => (this.#lastError = error)); // it reconnects by itself
    this.#redis.on('ready', () => this.#onReady());
    this.#redis.on('close', () => this.#onClose());
  }

  /**
   * Resolves once it is connected.
   *
   * @throws {OriginFailedError} it was not within `timeoutMs`; it goes on trying
   */
  connected(): Promise<void> {
    if (this.#redis.status === 'ready') return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onReady = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#redis.off('ready', onReady);
        const reason = this.#lastError?.message ?? 'no answer';
        reject(
          new OriginFailedError(
            `Redis did not accept a connection within ${this.#timeoutMs} ms (${reason}); check REDIS_URL`,
          ),
        );
      }, this.#timeoutMs);
      this.#redis.once('ready', onReady);
    });
  }

  /**
   * Sends a command and waits for its answer, never longer than `timeoutMs` or the caller has.
   *
   * @throws {OriginFailedError} `not-applied`: it was not connected and sent nothing, or Redis answered with an error;
   *   `unknown`: the connection was lost before the answer
   * @throws {OriginTimeoutError} no answer in time
   */
  async call<T>(command: (redis: Redis) => Promise<T>, options: CallOptions): Promise<T> {
    const { remainingMs = Infinity, delayMs = 0, ifLost } = options;
    const limitMs = Math.min(this.#timeoutMs, remainingMs);
    if (limitMs <= 0) throw new OriginTimeoutError(0, 'not-applied');
    this.#assertConnected();
    // Once begun, a call is not recalled: what has left on a longer wire arrives whether or not somebody still waits.
    const send = (): Promise<T> => this.#send(command, ifLost);
    const answer = delayMs === 0 ? send() : delay(delayMs).then(send);
    this.#track(answer);
    return within(limitMs, answer, ifLost);
  }

  /** Waits for the calls under way, which end by their deadlines, and disconnects. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#running);
    this.#wasReady = false; // what ends on purpose is not lost
    this.#redis.disconnect();
  }

  #onReady(): void {
    this.#wasReady = true;
    if (this.#lostMs === undefined) return;
    this.#watch?.onRegained(performance.now() - this.#lostMs);
    this.#lostMs = undefined;
  }

  /** Comes for every vain try to connect as well. */
  #onClose(): void {
    if (!this.#wasReady || this.#lostMs !== undefined) return;
    this.#lostMs = performance.now();
    this.#watch?.onLost(this.#lastError?.message ?? 'closed by the other side');
  }

  async #send<T>(command: (redis: Redis) => Promise<T>, ifLost: Outcome): Promise<T> {
    this.#assertConnected();
    try {
      return await command(this.#redis);
    } catch (error) {
      throw this.#failureOf(error as Error, ifLost);
    }
  }

  /** What became of a command that ioredis rejected; of some, only the message tells. */
  #failureOf(error: Error, ifLost: Outcome): Error {
    if (isRefusal(error)) return new OriginFailedError(`Redis refused: ${error.message}`);
    if (error.message.startsWith("Stream isn't writeable")) return notConnected(this.#lastError);
    if (error.message === 'Command timed out') return new OriginTimeoutError(this.#timeoutMs, ifLost);
    return new OriginFailedError('the connection to Redis was lost before the answer came', ifLost);
  }

  #assertConnected(): void {
    if (this.#redis.status !== 'ready') throw notConnected(this.#lastError);
  }

  #track(answer: Promise<unknown>): void {
    this.#running.add(answer);
    const forget = (): void => void this.#running.delete(answer);
    answer.then(forget, forget);
  }
}

/** By default ioredis queues, waits for ever, and sends a command again whose answer was lost: a write twice. */
function safeOptions(timeoutMs: number) {
  return {
    enableOfflineQueue: false, // what cannot be sent now fails now, and is known not to have been sent
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0, // settles what was under way when the connection was lost; without it, never
    commandTimeout: timeoutMs, // covers the handshake too: a stopped server still accepts connections
    connectTimeout: timeoutMs,
    // A silent server is left after a while: what comes then fails at once as not sent, instead of late and unknown.
    socketTimeout: 2 * timeoutMs,
    disconnectTimeout: timeoutMs,
    retryStrategy: (attempt: number) => Math.min(RECONNECT_MS * 2 ** Math.min(attempt - 1, 10), MAX_RECONNECT_MS),
  } satisfies RedisOptions;
}

/** Whether Redis itself answered with an error: then it did nothing. */
export function isRefusal(error: Error): boolean {
  return error instanceof (ReplyError as typeof Error);
}

/** Rejects in time whatever becomes of the answer, which is then dropped. */
function within<T>(limitMs: number, answer: Promise<T>, ifLost: Outcome): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const timer = setTimeout(() => reject(new OriginTimeoutError(Math.round(limitMs), ifLost)), limitMs);
  answer.then(resolve, reject).finally(() => clearTimeout(timer));
  return promise;
}

/** A client may read this, so of the reason it gets a word and no address. */
function notConnected(reason: NodeJS.ErrnoException | undefined): OriginFailedError {
  const word = reason?.code ?? reason?.message.split(' ', 1)[0];
  const because = word === undefined ? '' : ` (${word})`;
  return new OriginFailedError(
    `Redis is not connected${because}, so nothing was sent; connecting is tried all the time`,
  );
}
