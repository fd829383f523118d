/** Finds a k6 that can be used: the one asked for, else one that is there, else one that it installs. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { K6UnavailableError, messageOf } from '../errors.ts';
import { buildWithGo, downloadRelease } from './install.ts';
import { K6_VERSION } from './releases.ts';
import { isSupportedK6, k6VersionOf, SUPPORTED_VERSIONS } from './version.ts';

export interface K6 {
  readonly path: string;
  readonly version: string;
  readonly source: '--k6' | 'K6_BIN' | '.tools/k6' | 'PATH' | 'official release' | 'Go build';
}

/** Puts k6 at `path`. Says what it does through `say`. */
export type Installer = (path: string, say: (text: string) => void, signal: AbortSignal) => Promise<void>;

export interface ResolveOptions {
  /** The value of --k6. */
  readonly flag?: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  readonly toolsDirectory: string;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
  /** Tried in this order when no k6 is found. */
  readonly installers?: readonly (readonly [K6['source'], Installer])[];
}

const installersInOrder: readonly (readonly [K6['source'], Installer])[] = [
  ['official release', downloadRelease],
  ['Go build', buildWithGo],
];

/**
 * Returns the first usable k6 of: --k6, K6_BIN, .tools/k6, PATH, an installation into .tools/. One that was named
 * and cannot be used is an error; one that was merely found is passed over.
 *
 * @throws {K6UnavailableError} with the ways to install k6
 */
export async function resolveK6(options: ResolveOptions): Promise<K6> {
  const { flag, environment, toolsDirectory, say, signal } = options;
  if (flag !== undefined) return await named('--k6', resolve(flag), signal);
  if (environment['K6_BIN']) return await named('K6_BIN', resolve(environment['K6_BIN']), signal);

  const toolPath = join(toolsDirectory, 'k6');
  const found = [
    { source: '.tools/k6' as const, path: toolPath },
    ...(environment['PATH'] ?? '').split(delimiter).map((dir) => ({ source: 'PATH' as const, path: join(dir, 'k6') })),
  ];
  for (const { source, path } of found) {
    if (!(await isExecutable(path))) continue;
    try {
      return { path, source, version: await usableVersion(path, signal) };
    } catch (error) {
      signal.throwIfAborted();
      say(`passing over ${path}: ${messageOf(error)}`);
    }
  }
  return await install(toolPath, options);
}

async function named(source: K6['source'], path: string, signal: AbortSignal): Promise<K6> {
  try {
    return { path, source, version: await usableVersion(path, signal) };
  } catch (error) {
    signal.throwIfAborted();
    throw new K6UnavailableError(`${source} names ${path}, which cannot be used: ${messageOf(error)}`);
  }
}

async function usableVersion(path: string, signal: AbortSignal): Promise<string> {
  const version = await k6VersionOf(path, signal);
  if (!isSupportedK6(version)) throw new Error(`it is k6 ${version}, and ${SUPPORTED_VERSIONS} is needed`);
  return version;
}

async function install(path: string, options: ResolveOptions): Promise<K6> {
  const { say, signal } = options;
  say(`no k6 found; installing k6 ${K6_VERSION} into ${options.toolsDirectory}`);
  const failures: string[] = [];
  for (const [source, installer] of options.installers ?? installersInOrder) {
    try {
      await installer(path, say, signal);
      return { path, source, version: await usableVersion(path, signal) };
    } catch (error) {
      signal.throwIfAborted();
      failures.push(`${source}: ${messageOf(error)}`);
      say(`${source}: ${messageOf(error)}`);
    }
  }
  throw new K6UnavailableError(waysToInstall(failures));
}

function waysToInstall(failures: readonly string[]): string {
  return `no k6 was found, and it could not be installed.
${failures.map((failure) => `  tried  ${failure}`).join('\n')}
Any of these helps (k6 ${SUPPORTED_VERSIONS}):
  - install k6: https://grafana.com/docs/k6/latest/set-up/install-k6/ (brew install k6, winget install k6, apt, dnf)
  - install Go 1.25 or later (https://go.dev/dl/) and run this again: k6 is then built, in about a minute
  - name one you have: npm run compare -- --k6 /path/to/k6, or K6_BIN=/path/to/k6`;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
