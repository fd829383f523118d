/** Starts the service under test as a fresh process, so that no run inherits the state or the heat of another. */
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { describeExit, LastLines, startChild, type Child } from './child-process.ts';
import { ServiceError, messageOf } from './errors.ts';

export interface ServiceOptions {
  /** The program to run, by default the service of this repository. */
  readonly entry: string;
  /** The Node that runs it; the one of this process where none is given. */
  readonly node?: string;
  readonly strategy: string;
  readonly threads: number;
  /** Settings beyond those that every run has. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The Redis that is its origin; each service gets a namespace of its own. */
  readonly redisUrl?: string | undefined;
  readonly signal: AbortSignal;
  /** Longest wait until it listens and is ready. */
  readonly startTimeoutMs?: number;
  /** Longest wait between SIGTERM and SIGKILL. */
  readonly stopTimeoutMs?: number;
}

/** A service that answers. Disposing it ends it. */
export interface Service extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /**
   * Ends the process and waits until it is gone.
   *
   * @throws {ServiceError} it had to be killed, or ended with another code than 0
   */
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 12_000; // a little more than the service itself allows a drain

let lastNamespace = 0;

/** The environment of the service: the caller's, less what would make runs differ from each other. */
export function serviceEnvironment(options: ServiceOptions): NodeJS.ProcessEnv {
  const { REDIS_URL: _redis, ADMIN_TOKEN: _token, ...inherited } = process.env;
  const redis =
    options.redisUrl === undefined
      ? {}
      : { REDIS_URL: options.redisUrl, REDIS_NAMESPACE: `compare-${process.pid}-${++lastNamespace}` };
  return {
    ...inherited,
    HOST: '127.0.0.1',
    PORT: '0',
    THREADS: String(options.threads),
    STRATEGIES: options.strategy,
    CONTROLS: 'on',
    WRITE_THROUGH: 'off',
    ORIGIN_LATENCY_MS: '5',
    HOLD_US: '0',
    MAX_STANDING_WAIT_MS: '0', // a closed loop is one long queue, on purpose
    SERVER_TIMING: 'on', // what a request waits for is part of the report; it costs every strategy the same
    LOG_LEVEL: 'info', // the line that says where it listens
    ACCESS_LOG_PER_SECOND: '0', // lines are per thread, and would cost a baseline of one thread less
    ...redis,
    ...options.environment,
  };
}

/**
 * Starts the service and waits until it is ready.
 *
 * @throws {ServiceError} it ended, or was not ready in time; with the last lines it wrote
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  options.signal.throwIfAborted();
  const output = new LastLines(20);
  const child = await startChild(options.node ?? process.execPath, [options.entry], {
    env: serviceEnvironment(options),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const limitMs = options.startTimeoutMs ?? START_TIMEOUT_MS;
  const deadline = AbortSignal.timeout(limitMs);
  const waiting = AbortSignal.any([options.signal, deadline]);

  try {
    const url = await untilListening(child, output, waiting);
    await untilReady(url, child, waiting);
    return serviceOf(child, url, options);
  } catch (error) {
    await child.stop(1_000);
    options.signal.throwIfAborted();
    const reason = deadline.aborted ? `it was not ready within ${limitMs} ms` : messageOf(error);
    throw new ServiceError(`the service did not start with STRATEGIES=${options.strategy}: ${reason}\n${output.text}`);
  }
}

function serviceOf(child: Child, url: string, options: ServiceOptions): Service {
  return {
    url,
    pid: child.pid,
    async stop() {
      const status = await child.stop(options.stopTimeoutMs ?? STOP_TIMEOUT_MS);
      if (status.signal === 'SIGKILL')
        throw new ServiceError(`${options.strategy}: the service ignored SIGTERM; it was killed`);
      if (status.code !== 0 && status.signal !== 'SIGTERM')
        throw new ServiceError(`${options.strategy}: the service ended with ${describeExit(status)}`);
    },
    async [Symbol.asyncDispose]() {
      await child.stop(2_000);
    },
  };
}

async function untilListening(child: Child, output: LastLines, signal: AbortSignal): Promise<string> {
  const { stdout, stderr } = child.process;
  stderr?.setEncoding('utf8').on('data', (text: string) => output.add(text));
  const lines = createInterface({ input: stdout! });

  return await new Promise<string>((resolve, reject) => {
    // The listener stays for the life of the process: a pipe that nobody reads would stop it.
    lines.on('line', (line) => {
      output.add(line);
      const url = listeningUrl(line);
      if (url !== undefined) resolve(url);
    });
    void child.exited.then((status) => reject(new ServiceError(`it ended with ${describeExit(status)}`)));
    signal.addEventListener('abort', () => reject(new ServiceError('the wait was cancelled')), { once: true });
  });
}

const startUpLine = z.object({ url: z.string() });

/** The address in the start-up line; other lines, JSON or not, have none. */
export function listeningUrl(line: string): string | undefined {
  try {
    return startUpLine.safeParse(JSON.parse(line)).data?.url;
  } catch {
    return undefined;
  }
}

const READY_POLL_MS = 20;

async function untilReady(url: string, child: Child, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    if (child.process.exitCode !== null) throw new ServiceError(`it ended with code ${child.process.exitCode}`);
    try {
      const response = await fetch(`${url}/readyz`, { signal });
      await response.arrayBuffer();
      if (response.ok) return;
    } catch {
      // Refused: not there yet. The signal ends the wait.
    }
    await delay(READY_POLL_MS);
  }
}
