import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LastLines, startChild } from '../../load/child-process.ts';
import { listeningUrl } from '../../load/service.ts';

/** The real service in a process of its own. Disposing it ends it. */
export interface ServiceUnderTest extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** The last lines it wrote, to say why something failed. */
  readonly output: () => string;
  /** Sends SIGTERM and resolves with the exit code; null if it had to be killed. */
  stop(): Promise<number | null>;
}

/** How it is started; another than the project's own for a copy of it. */
export interface Entry {
  /** Node, when left out. */
  readonly command?: string;
  readonly args: readonly string[];
  readonly cwd?: string;
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const START_TIMEOUT_MS = 100_000;
const STOP_TIMEOUT_MS = 15_000; // more than the service itself allows a drain

/**
 * Starts the service on a free port and waits until it listens. Its environment is `settings` and nothing else, so
 * that no variable of the machine changes what a test sees.
 *
 * @throws {Error} it ended or did not listen in time, with the last lines it wrote
 */
export async function startServiceUnderTest(
  settings: Readonly<Record<string, string>> = {},
  { command = process.execPath, args, ...where }: Entry = { args: [main] },
): Promise<ServiceUnderTest> {
  const { PATH = '' } = process.env;
  const child = await startChild(command, args, {
    ...where,
    env: { PATH, PORT: '0', ACCESS_LOG_PER_SECOND: '0', ...settings }, // lines about requests are not what a failure is told by
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = new LastLines(30);
  child.process.stderr?.setEncoding('utf8').on('data', (text: string) => output.add(text));

  const listening = Promise.withResolvers<string>();
  // The listener stays: a pipe that nobody reads would stop the service.
  createInterface({ input: child.process.stdout! }).on('line', (line) => {
    output.add(line);
    const url = listeningUrl(line);
    if (url !== undefined) listening.resolve(url);
  });
  void child.exited.then(({ code, signal }) => listening.reject(new Error(`it ended with ${signal ?? code}`)));
  const timer = setTimeout(() => listening.reject(new Error('it did not listen in time')), START_TIMEOUT_MS);

  try {
    const url = await listening.promise;
    const stop = async () => (await child.stop(STOP_TIMEOUT_MS)).code;
    return {
      url,
      pid: child.pid,
      output: () => output.text,
      stop,
      [Symbol.asyncDispose]: async () => void (await stop()),
    };
  } catch (error) {
    await child.stop(1_000);
    throw new Error(`the service did not start: ${String(error)}\n${output.text}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** Ends the service as an operator would. @throws {Error} it did not end by itself, or with another code than 0 */
export async function stopCleanly(service: ServiceUnderTest): Promise<void> {
  const code = await service.stop();
  if (code !== 0) throw new Error(`the service ended with ${code ?? 'a kill'}\n${service.output()}`);
}
