/** The build that `--against` names: a git ref, checked out beside this one with packages of its own, or a directory. */
import { access, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { runCommand } from '../child-process.ts';
import { messageOf, UsageError } from '../errors.ts';

/** A checkout whose service and benches can be started. Disposing it removes what was made for it. */
export interface OtherBuild extends AsyncDisposable {
  readonly directory: string;
  /** The Node that its packages bring, or the one that runs this. */
  readonly node: string;
  /** For tables and results: the ref with its commit, or the directory as it was given. */
  readonly description: string;
}

interface OpenOptions {
  /** The project that the other is compared with. */
  readonly root: string;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

const GIT_TIMEOUT_MS = 60_000;
const INSTALL_TIMEOUT_MS = 10 * 60_000;

/**
 * Makes ready what `given` names. A ref goes before a directory of the same name: `./name` is always the directory.
 *
 * @throws {UsageError} it is neither, or a directory without the service or its packages
 */
export async function openBuild(given: string, options: OpenOptions): Promise<OtherBuild> {
  const { root, say, signal } = options;
  const git = (...args: string[]) =>
    runCommand('git', args, { directory: root, signal, timeoutMs: GIT_TIMEOUT_MS }).then((text) => text.trim());
  const commit = await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${given}^{commit}`).catch(() => {
    signal.throwIfAborted();
  });
  if (commit === undefined) return await directoryBuild(given);

  const short = commit.slice(0, 10);
  const directory = join(root, '.tools', `against-${short}`);
  const remove = async (): Promise<void> => {
    await rm(directory, { recursive: true, force: true });
    // Not with `signal`: what was made must go when the run was interrupted, too.
    await runCommand('git', ['worktree', 'prune'], {
      directory: root,
      signal: AbortSignal.timeout(GIT_TIMEOUT_MS),
      timeoutMs: GIT_TIMEOUT_MS,
    });
  };
  await remove(); // of a run that was killed
  try {
    say(`checking out ${given} (${short})`);
    await git('worktree', 'add', '--quiet', '--detach', directory, commit);
    say(`installing the packages of ${given}`);
    await runCommand('npm', ['ci', '--no-audit', '--no-fund'], {
      directory,
      signal,
      timeoutMs: INSTALL_TIMEOUT_MS,
      onLine: (line) => say(`npm ci of ${given}: ${line}`),
    });
  } catch (error) {
    await remove();
    signal.throwIfAborted();
    throw new Error(`${given} could not be made ready: ${messageOf(error)}`, { cause: error });
  }
  const name = short.startsWith(given) || commit === given ? short : `${given} (${short})`;
  return { directory, node: await nodeOf(directory), description: name, [Symbol.asyncDispose]: remove };
}

async function directoryBuild(given: string): Promise<OtherBuild> {
  const directory = resolve(given);
  if (given === '' || !(await exists(join(directory, 'package.json')))) {
    throw new UsageError(`--against "${given}": must be a git ref, or the directory of another checkout`);
  }
  if (!(await exists(join(directory, 'node_modules')))) {
    throw new UsageError(`--against "${given}": it has no packages; run npm ci there first`);
  }
  return { directory, node: await nodeOf(directory), description: given, [Symbol.asyncDispose]: async () => {} };
}

async function nodeOf(directory: string): Promise<string> {
  const own = join(directory, 'node_modules', 'node', 'bin', 'node');
  return (await exists(own)) ? own : process.execPath;
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
