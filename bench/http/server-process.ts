import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describeExit, LastLines, startChild } from '../../load/child-process.ts';
import { listeningUrl } from '../../load/service.ts';

/** A server in a process of its own. Disposing it ends it. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;

/**
 * Starts `node <module> …args` and waits for the line with its address. Its environment is `settings` and nothing
 * else, so that no variable of the machine changes a figure.
 *
 * @param module relative to this file
 * @throws {Error} it ended or did not listen in time, with the last lines it wrote
 */
export async function startServer(
  [module, ...args]: readonly [module: string, ...args: string[]],
  settings: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<ServerProcess> {
  signal.throwIfAborted();
  const path = fileURLToPath(new URL(module, import.meta.url));
  const { PATH = '' } = process.env;
  const child = await startChild(process.execPath, [path, ...args], {
    env: { PATH, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = new LastLines(20);
  child.process.stderr?.setEncoding('utf8').on('data', (text: string) => output.add(text));

  const listening = Promise.withResolvers<string>();
  // The listener stays: a pipe that nobody reads would stop the server.
  createInterface({ input: child.process.stdout! }).on('line', (line) => {
    output.add(line);
    const url = listeningUrl(line);
    if (url !== undefined) listening.resolve(url);
  });
  void child.exited.then((status) => listening.reject(new Error(`it ended with ${describeExit(status)}`)));
  const timer = setTimeout(() => listening.reject(new Error('it did not listen in time')), START_TIMEOUT_MS);
  try {
    const url = await listening.promise;
    return { url, pid: child.pid, [Symbol.asyncDispose]: async () => void (await child.stop(STOP_TIMEOUT_MS)) };
  } catch (error) {
    await child.stop(1_000);
    throw new Error(`${path} did not start: ${String(error)}\n${output.text}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
