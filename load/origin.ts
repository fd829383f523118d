/** The origin behind the services of a comparison: embedded in each, or one Redis that is started for all of them. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { UsageError } from './errors.ts';
import type { OriginName } from './plan.ts';
import { redisProgram, RedisServer } from './redis-server.ts';

export interface RunningOrigin extends AsyncDisposable {
  /** For the report, with its version. */
  readonly description: string;
  readonly redis: { readonly url: string; readonly pid: number } | undefined;
}

/** @throws {UsageError} a Redis is asked for, and there is none */
export async function startOrigin(name: OriginName, signal: AbortSignal): Promise<RunningOrigin> {
  if (name === 'embedded') {
    return { description: 'embedded, 5 ms', redis: undefined, [Symbol.asyncDispose]: async () => {} };
  }
  if (redisProgram === undefined) {
    throw new UsageError(
      '--origin redis: neither redis-server nor valkey-server is on PATH (apt-get install redis-server, or brew install redis)',
    );
  }
  const { stdout } = await promisify(execFile)(redisProgram, ['--version'], { signal });
  const server = await RedisServer.start();
  const version = /v=(\S+)/u.exec(stdout)?.[1] ?? 'of unknown version';
  return {
    description: `Redis ${version} on a Unix socket, without persistence, 5 ms added`,
    redis: { url: server.url, pid: server.pid },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
