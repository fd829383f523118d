/** Child processes that cannot outlive the comparison: every one is ended by a signal, and killed if it does not obey. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';

export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How a process ended, for a message. */
export function describeExit({ code, signal }: ExitStatus): string {
  return signal ?? `code ${code ?? 'unknown'}`;
}

/** A started child. Disposing it ends it and waits until it is gone. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  readonly process: ChildProcess;
  readonly exited: Promise<ExitStatus>;
  /** Sends SIGTERM, then SIGKILL after `graceMs`; resolves when the process is gone, at once if it is already. */
  stop(graceMs: number): Promise<ExitStatus>;
}

const running = new Set<Child>();

/** Kills what is still there when this process ends without having disposed it, for example by a second Ctrl-C. */
function killRunning(): void {
  for (const child of running) signalGroup(child, 'SIGKILL');
}
process.on('exit', killRunning);

/** A signal that nobody else listens to would end the process without `exit`, and leave the children, which are not of its group. */
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (process.listenerCount(name) === 1) process.exit(128 + constants.signals[name]);
  });
}

/**
 * Starts `command`, in a process group of its own where the platform has them: Ctrl-C in the terminal then reaches
 * only the comparison, which ends its children in order, and a compiler's helpers end with the compiler.
 *
 * @throws {Error} the program could not be started
 */
export async function startChild(command: string, args: readonly string[], options: SpawnOptions): Promise<Child> {
  const child = spawn(command, args, { ...options, detached: process.platform !== 'win32' });
  const exited = new Promise<ExitStatus>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const started: Child = {
    pid: child.pid!,
    process: child,
    exited,
    async stop(graceMs) {
      signalGroup(started, 'SIGTERM');
      const timer = setTimeout(() => signalGroup(started, 'SIGKILL'), graceMs);
      try {
        return await exited;
      } finally {
        clearTimeout(timer);
      }
    },
    async [Symbol.asyncDispose]() {
      await started.stop(DISPOSE_GRACE_MS);
    },
  };
  // There is a process already if it has an id; whether its program could be started is said later.
  if (child.pid !== undefined) running.add(started);
  void exited.then(() => running.delete(started));
  await once(child, 'spawn');
  return started;
}

const DISPOSE_GRACE_MS = 5_000;

export interface CommandOptions {
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** That of this process where none is given. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Each line that it writes, on either stream. */
  readonly onLine?: (line: string) => void;
}

/**
 * Runs a program to its end.
 *
 * @returns what it wrote on standard output
 * @throws {Error} it is not there, took longer than `timeoutMs`, or ended with another code than 0; with its last lines
 */
export async function runCommand(command: string, args: readonly string[], options: CommandOptions): Promise<string> {
  const { directory, signal, timeoutMs, environment = process.env, onLine } = options;
  const child = await startChild(command, args, {
    cwd: directory,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new Error(`there is no "${command}" on PATH`) : error;
  });
  const lastLines = new LastLines(10);
  let written = '';
  for (const stream of [child.process.stdout!, child.process.stderr!]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (stream === child.process.stdout) written += `${line}\n`;
      lastLines.add(line);
      if (line !== '') onLine?.(line);
    });
  }
  const closed = once(child.process, 'close');
  const limits = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const stop = () => void child.stop(2_000);
  limits.addEventListener('abort', stop, { once: true });
  if (limits.aborted) stop();
  const status = await child.exited;
  limits.removeEventListener('abort', stop);
  await closed; // its last lines come before, and may come after its end
  signal.throwIfAborted();
  if (status.code === 0) return written;
  const reason = limits.aborted ? `was stopped after ${timeoutMs / 1000} s` : `ended with ${describeExit(status)}`;
  throw new Error(`"${[command, ...args].slice(0, 2).join(' ')}" ${reason}\n${lastLines.text}`);
}

function signalGroup(child: Child, signal: NodeJS.Signals): void {
  const { exitCode, signalCode } = child.process;
  if (exitCode !== null || signalCode !== null) return; // the id may belong to someone else by now
  try {
    if (process.platform === 'win32') child.process.kill(signal);
    else process.kill(-child.pid, signal);
  } catch (error) {
    // Gone between the check and the signal.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Keeps the last lines a child wrote, which say why it ended. */
export class LastLines {
  readonly #lines: string[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(text: string): void {
    this.#lines.push(...text.split('\n').filter((line) => line.trim() !== ''));
    this.#lines.splice(0, this.#lines.length - this.#limit);
  }

  get text(): string {
    return this.#lines.join('\n');
  }
}
