/** The two ways k6 gets into .tools/: the official release, checked against a pinned digest, or a build by Go. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runCommand } from '../child-process.ts';
import { K6_VERSION, releaseFor, type K6Release } from './releases.ts';

/** Without an answer by then the network is taken for absent, and the next way is tried. */
const ANSWER_TIMEOUT_MS = 6_000;
const DOWNLOAD_TIMEOUT_MS = 180_000;
const BUILD_TIMEOUT_MS = 15 * 60_000;

type Say = (text: string) => void;

/**
 * Downloads the official release and puts its program at `path`.
 *
 * @throws {Error} none for this platform, no network, or a file that is not the one that was pinned
 */
export async function downloadRelease(
  path: string,
  say: Say,
  signal: AbortSignal,
  release: K6Release | undefined = releaseFor(process.platform, process.arch),
): Promise<void> {
  if (release === undefined) throw new Error(`there is none for ${process.platform} on ${process.arch}`);
  say(`downloading ${release.url}`);
  const archive = await download(release.url, say, signal);
  const sha256 = createHash('sha256').update(archive).digest('hex');
  if (sha256 !== release.sha256) {
    throw new Error(`${release.url} has SHA-256 ${sha256} where ${release.sha256} is expected; it was not used`);
  }

  await inWorkDirectory(path, async (directory) => {
    const file = join(directory, 'archive');
    await writeFile(file, archive);
    await runCommand('tar', ['-xf', file, '-C', directory], { directory, signal, timeoutMs: 60_000 });
    await putInPlace(join(directory, release.member), path);
  });
}

/**
 * Builds k6 in a module made for it and thrown away afterwards. `go install` is not used: it asks k6's own host for
 * the module first, where a build takes it from the module proxy.
 *
 * @throws {Error} no Go, or the build failed; with its last lines
 */
export async function buildWithGo(path: string, say: Say, signal: AbortSignal): Promise<void> {
  await inWorkDirectory(path, async (directory) => {
    await writeFile(
      join(directory, 'go.mod'),
      `module throwaway\n\ngo 1.25\n\nrequire go.k6.io/k6/v2 v${K6_VERSION}\n`,
    );
    say(`building k6 ${K6_VERSION} with Go: about a minute, several on a slow machine`);
    const program = join(directory, 'k6');
    const startedMs = Date.now();
    let downloaded = 0;
    let compiled = 0;
    const onLine = (line: string) => {
      if (line.startsWith('go: downloading')) downloaded++;
      else if (/^[\w./-]+$/u.test(line)) compiled++;
    };
    const ticker = setInterval(() => {
      const seconds = Math.round((Date.now() - startedMs) / 1000);
      say(`building k6: ${downloaded} modules downloaded, ${compiled} packages compiled, ${seconds} s`);
    }, 5_000);
    try {
      await runCommand('go', ['build', '-v', '-mod=mod', '-trimpath', '-o', program, `go.k6.io/k6/v2`], {
        directory,
        environment: { ...process.env, CGO_ENABLED: '0' }, // as the official builds: no C compiler needed
        signal,
        timeoutMs: BUILD_TIMEOUT_MS,
        onLine,
      });
    } finally {
      clearInterval(ticker);
    }
    await putInPlace(program, path);
  });
}

async function download(url: string, say: Say, signal: AbortSignal): Promise<Buffer> {
  const unanswered = new AbortController();
  const timer = setTimeout(
    () => unanswered.abort(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`)),
    ANSWER_TIMEOUT_MS,
  );
  const limits = AbortSignal.any([signal, unanswered.signal, AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS)]);
  let response: Response;
  try {
    response = await fetch(url, { signal: limits });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new Error(`${new URL(url).host} cannot be reached (${cause})`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
  if (!response.ok || response.body === null) throw new Error(`${url} answered ${response.status}`);

  const totalMb = Number(response.headers.get('content-length')) / 1e6;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let saidMb = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes / 1e6 < saidMb + 5) continue;
    saidMb = bytes / 1e6;
    say(`downloading k6: ${saidMb.toFixed(0)} of ${totalMb > 0 ? totalMb.toFixed(0) : '?'} MB`);
  }
  return Buffer.concat(chunks);
}

/** Runs `work` in a directory beside `path`, on the same file system, so that moving the result there is atomic. */
async function inWorkDirectory(path: string, work: (directory: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const directory = await mkdtemp(join(dirname(path), 'k6-install-'));
  try {
    await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function putInPlace(program: string, path: string): Promise<void> {
  await chmod(program, 0o755);
  await rename(program, path);
}
