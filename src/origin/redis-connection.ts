/**
 * One connection to Redis whose every call is answered in time, and whose failures say what became of the call.
 *
 * What was never sent is `not-applied`, and so is what Redis refused before it changed anything; see `redis-refusals.ts`. Once
 * a command was handed to the socket nobody can know: it may run although its answer is late or lost.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Redis, type RedisOptions } from 'ioredis';
import { FencedError, type Outcome, OriginFailedError, OriginTimeoutError } from '../errors.ts';
import { Deadlines, Expiring } from '../sync/deadlines.ts';
import { isRefusal, mayBeElsewhere, refusalKind, refused } from './redis-refusals.ts';

/** First pause before the next try to connect, and the longest. */
const RECONNECT_MS = 25;
const MAX_RECONNECT_MS = 1_000;
/** Least time between two connections that are given up because another server may have taken this one's place. */
const MOVE_MS = 1_000;

export interface RedisConnectionOptions {
  /** `redis://…`, `rediss://…` or the path of a Unix socket. */
  readonly url: string;
  /** Longest wait for an answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Told once when an established connection is lost, and once when it is back. */
  readonly watch?: ConnectionWatch | undefined;
  /** Told when Redis refuses because another service process has taken over. */
  readonly onFenced?: () => void;
}

export interface ConnectionWatch {
  onLost(reason: string): void;
  onRegained(awayMs: number): void;
  /** Redis refuses, with words that are for the log; told once per kind, until it has answered something again. */
  onRefused(kind: string, words: string): void;
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
  readonly #deadlines = new Deadlines();
  readonly #watch: ConnectionWatch | undefined;
  readonly #onFenced: (() => void) | undefined;
  #lastError: NodeJS.ErrnoException | undefined;
  /** Why Redis does not let us work on it, though it answers: a database that is not there, a wrong password. */
  #barred: Error | undefined;
  /** The kind that it refused with last. */
  #refusing: string | undefined;
  #wasReady = false;
  #lostMs: number | undefined;

  constructor({ url, timeoutMs, watch, onFenced }: RedisConnectionOptions) {
    this.#timeoutMs = timeoutMs;
    this.#watch = watch;
    this.#onFenced = onFenced;
    this.#redis = new Redis(url, safeOptions(timeoutMs));
    this.#redis.on('error', (error: NodeJS.ErrnoException) => this.#onError(error)); // it reconnects by itself
    this.#redis.on('connect', () => (this.#barred = undefined)); // comes before the answers to its handshake
    this.#redis.on('ready', () => this.#onReady());
    this.#redis.on('close', () => this.#onClose());
  }

  /**
   * Resolves once it is connected.
   *
   * @throws {OriginFailedError} it was not within `timeoutMs`; it goes on trying
   */
  connected(): Promise<void> {
    if (this.#isReady) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onReady = (): void => {
        if (this.#barred === undefined) settle(resolve);
      };
      const onError = (): void => {
        const barred = this.#barred;
        if (barred !== undefined) settle(() => reject(refused(barred, 'not-applied')));
      };
      const settle = (answer: () => void): void => {
        clearTimeout(timer);
        this.#redis.off('ready', onReady).off('error', onError);
        answer();
      };
      const onLate = (): void => {
        const reason = this.#lastError?.message ?? 'no answer';
        const message = `Redis did not accept a connection within ${this.#timeoutMs} ms (${reason}); check REDIS_URL`;
        settle(() => reject(new OriginFailedError(message)));
      };
      const timer = setTimeout(onLate, this.#timeoutMs);
      this.#redis.on('ready', onReady).on('error', onError);
      onError();
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
    return this.#within(limitMs, answer, ifLost);
  }

  /** Waits for the calls under way, which end by their deadlines, and disconnects. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#running);
    this.#wasReady = false; // what ends on purpose is not lost
    this.#redis.disconnect();
  }

  get #isReady(): boolean {
    return this.#redis.status === 'ready' && this.#barred === undefined;
  }

  /** An answer of Redis among these is one to the handshake; ioredis would work on after most, in another database. */
  #onError(error: NodeJS.ErrnoException): void {
    this.#lastError = error;
    if (!isRefusal(error)) return;
    this.#barred = error;
    this.#redis.disconnect(true); // tried again, later each time
  }

  #onReady(): void {
    if (this.#barred !== undefined) return;
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
      const answer = await command(this.#redis);
      this.#refusing = undefined;
      return answer;
    } catch (error) {
      throw this.#failureOf(error as Error, ifLost);
    }
  }

  /** What became of a command that ioredis rejected; of some, only the message tells. */
  #failureOf(error: Error, ifLost: Outcome): Error {
    if (isRefusal(error)) return this.#refusalOf(error, ifLost);
    if (error.message.startsWith("Stream isn't writeable")) return notConnected(this.#lastError);
    if (error.message === 'Command timed out') return new OriginTimeoutError(this.#timeoutMs, ifLost);
    return new OriginFailedError('the connection to Redis was lost before the answer came', ifLost);
  }

  #refusalOf(error: Error, ifLost: Outcome): Error {
    const kind = refusalKind(error);
    if (this.#refusing !== kind) this.#watch?.onRefused(kind, error.message);
    this.#refusing = kind;
    const failure = refused(error, ifLost);
    if (failure instanceof FencedError) this.#onFenced?.();
    return failure;
  }

  /** Rejects in time whatever becomes of the answer, which is then dropped. The socket keeps the thread alive meanwhile. */
  #within<T>(limitMs: number, answer: Promise<T>, ifLost: Outcome): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const deadline = new CallDeadline(limitMs, ifLost, reject);
    this.#deadlines.add(deadline);
    const settled = (): void => this.#deadlines.remove(deadline);
    answer.then(resolve, reject).finally(settled);
    return promise;
  }

  #assertConnected(): void {
    if (this.#barred !== undefined) throw refused(this.#barred, 'not-applied');
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
    reconnectOnError: movedServers(),
    retryStrategy: (attempt: number) => Math.min(RECONNECT_MS * 2 ** Math.min(attempt - 1, 10), MAX_RECONNECT_MS),
  } satisfies RedisOptions;
}

/** Whether to make the connection anew after an error; what was under way on it still gets its answer, and is not sent again. */
function movedServers(): (error: Error) => boolean {
  let lastMs = -MOVE_MS;
  return (error) => {
    if (!mayBeElsewhere(error) || performance.now() - lastMs < MOVE_MS) return false;
    lastMs = performance.now();
    return true;
  };
}

/** Rejects in time, whatever becomes of the answer. */
class CallDeadline extends Expiring {
  readonly untilMs: number;
  readonly #limitMs: number;
  readonly #ifLost: Outcome;
  readonly #reject: (error: Error) => void;

  constructor(limitMs: number, ifLost: Outcome, reject: (error: Error) => void) {
    super();
    this.untilMs = performance.now() + limitMs;
    this.#limitMs = limitMs;
    this.#ifLost = ifLost;
    this.#reject = reject;
  }

  expire(): void {
    this.#reject(new OriginTimeoutError(Math.round(this.#limitMs), this.#ifLost));
  }
}

/** A client may read this, so of the reason it gets a word and no address. */
function notConnected(reason: NodeJS.ErrnoException | undefined): OriginFailedError {
  const word = reason?.code ?? reason?.message.split(' ', 1)[0];
  const because = word === undefined ? '' : ` (${word})`;
  return new OriginFailedError(
    `Redis is not connected${because}, so nothing was sent; connecting is tried all the time`,
  );
}
