/** Which k6 a program is, and whether the scripts and the summary parser were written for it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What the scripts need: TypeScript and the default summary object have it from 1.5, and 3 may change either. */
export const SUPPORTED_VERSIONS = 'at least 1.5 and below 3';

/** The version in the output of `k6 version`, such as "k6 v2.2.0 (go1.26.8, linux/amd64)". */
export function parseK6Version(output: string): string | undefined {
  return /\bk6(?:\.exe)? v(\d+\.\d+\.\d+\S*)/u.exec(output)?.[1];
}

export function isSupportedK6(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return (major === 1 && minor >= 5) || major === 2;
}

/**
 * Asks the program at `path` for its version.
 *
 * @throws {Error} it cannot be run, or does not answer as k6 does
 */
export async function k6VersionOf(path: string, signal: AbortSignal): Promise<string> {
  const { stdout } = await promisify(execFile)(path, ['version'], { timeout: 10_000, signal });
  const version = parseK6Version(stdout);
  if (version === undefined) throw new Error(`it answers "${stdout.trim().split('\n')[0]}" to "version"`);
  return version;
}
