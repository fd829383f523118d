/** A Redis of one's own, for a test or a comparison: private socket, temporary folder, ended with it. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Child, LastLines, startChild } from './child-process.ts';

/** The program that starts a Redis here; undefined where none is on PATH. */
export const redisProgram = onPath('redis-server') ?? onPath('valkey-server');

export const redisMissing =
  'the tests with Redis are skipped: neither redis-server nor valkey-server is on PATH ' +
  '(apt-get install redis-server, or brew install redis)';

export interface RedisServerOptions {
  /** Writes every change to disk before it is acknowledged, so that a restart finds it again. */
  readonly durable?: boolean;
}

const READY = /ready to accept connections/i;
const START_TIMEOUT_MS = 10_000;
const STOP_TIMEOUT_MS = 5_000;

export class RedisServer implements AsyncDisposable {
  /** The path of its socket, which `REDIS_URL` takes too. */
  readonly url: string;
  readonly #folder: string;
  readonly #durable: boolean;
  #child: Child | undefined;

  private constructor(folder: string, { durable = false }: RedisServerOptions) {
    this.#folder = folder;
    this.#durable = durable;
    this.url = join(folder, 'redis.sock');
  }

  /** @throws {Error} it did not start, with its last lines */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(await mkdtemp(join(tmpdir(), 'shared-state-redis-')), options);
    await server.#start();
    return server;
  }

  get pid(): number {
    return this.#child!.pid;
  }

  /** Stops it as SIGSTOP does: connections stay open, and nothing is answered. */
  pause(): void {
    this.#child?.process.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.process.kill('SIGCONT');
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    this.#child?.process.kill('SIGKILL');
    await this.#child?.exited;
    this.#child = undefined;
  }

  /** Starts it again on the same data, after killing it where it still runs. */
  async restart(): Promise<void> {
    await this.kill();
    await this.#start();
  }

  /** The append-only files in the order they were written; only a durable server has them. */
  async appendOnlyFiles(): Promise<Buffer[]> {
    const names = await readdir(this.#folder, { recursive: true });
    const files = names.filter((name) => name.endsWith('.aof')).toSorted();
    return Promise.all(files.map((name) => readFile(join(this.#folder, name))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.resume(); // a stopped process does not hear SIGTERM
    await this.#child?.stop(STOP_TIMEOUT_MS);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--auto-aof-rewrite-percentage', '0'];
    const flags = { '--port': '0', '--unixsocket': this.url, '--dir': this.#folder, '--save': '', '--daemonize': 'no' };
    const args = [...Object.entries(flags).flat(), ...(this.#durable ? durable : [])];
    const child = await startChild(redisProgram!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    const output = new LastLines(10);
    const ready = Promise.withResolvers<void>();
    // The listeners stay: a pipe that nobody reads would stop the server.
    for (const stream of [child.process.stdout!, child.process.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        output.add(line);
        if (READY.test(line)) ready.resolve();
      });
    }
    void child.exited.then(() => ready.reject(new Error(`Redis ended before it was ready\n${output.text}`)));
    const timer = setTimeout(() => ready.reject(new Error(`Redis was not ready\n${output.text}`)), START_TIMEOUT_MS);
    try {
      await ready.promise;
    } finally {
      clearTimeout(timer);
    }
  }
}

function onPath(program: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}
