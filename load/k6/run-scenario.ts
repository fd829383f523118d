/** One run of a k6 script against one service. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describeExit, LastLines, startChild } from '../child-process.ts';
import { K6RunError } from '../errors.ts';
import { durationsOf } from '../scenarios/durations.ts';
import { environmentOf, type LoadProfile } from '../scenarios/profile.ts';
import type { SummaryData } from '../scenarios/summary-output.ts';
import { parseSummary } from './summary.ts';

export interface ScenarioRun {
  readonly k6Path: string;
  /** Name of the script in `scenarios/`. */
  readonly script: string;
  readonly baseUrl: string;
  readonly strategy: string;
  readonly profile: LoadProfile;
  /** Where k6 leaves its summary; kept as raw data. */
  readonly summaryPath: string;
  /** Where k6 writes what the script logs; there is no file when it logs nothing. */
  readonly linesPath?: string;
  readonly signal: AbortSignal;
  readonly onStarted?: (pid: number) => void;
}

/** k6's exit code when a threshold was crossed; the summary is whole, and says what was wrong. */
const THRESHOLDS_CROSSED = 99;

/** Beyond the profile: start-up, and the grace that requests in flight are given. */
const EXTRA_SECONDS = 45;

/** What a program needs to run at all. */
const NEEDED = ['PATH', 'TMPDIR', 'TMP', 'TEMP', 'SystemRoot'];

/**
 * The environment of k6: nothing that a user has set for k6, for Go or for the scripts reaches a comparison, nor does a
 * proxy. Its configuration file is an empty one.
 */
export function k6Environment(inherited: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...Object.fromEntries(NEEDED.flatMap((name) => (inherited[name] === undefined ? [] : [[name, inherited[name]]]))),
    GOGC: '400', // fewer collections, whose pauses would count as latency of the service
    K6_NO_USAGE_REPORT: 'true',
    K6_AUTO_EXTENSION_RESOLUTION: 'false',
  };
}

/** The arguments k6 is started with; those that repeat the run by hand. */
export function k6Arguments({
  script,
  baseUrl,
  strategy,
  profile,
  summaryPath,
  linesPath,
  configPath,
}: Omit<ScenarioRun, 'k6Path' | 'signal' | 'onStarted'> & { readonly configPath: string }): string[] {
  const environment = {
    BASE_URL: baseUrl,
    STRATEGY: strategy,
    ...environmentOf(profile),
    SUMMARY_PATH: summaryPath,
    ...(linesPath === undefined ? {} : { KEEP_LINES: 'on' }),
  };
  return [
    'run',
    '--quiet',
    '--no-color',
    '--address=', // no REST API: it would need a port
    '--config',
    configPath,
    '--include-system-env-vars=false',
    ...(linesPath === undefined ? [] : ['--console-output', linesPath, '--log-format', 'raw']),
    fileURLToPath(new URL(`../scenarios/${script}.ts`, import.meta.url)),
    ...Object.entries(environment).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
  ];
}

/**
 * Runs k6 and returns its summary.
 *
 * @throws {K6RunError} k6 failed, hung or left no summary; with its last lines
 */
export async function runScenario(run: ScenarioRun): Promise<SummaryData> {
  run.signal.throwIfAborted();
  const configPath = `${run.summaryPath}.config`;
  await writeFile(configPath, '{}');
  await using child = await startChild(run.k6Path, k6Arguments({ ...run, configPath }), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: k6Environment(process.env),
  });
  run.onStarted?.(child.pid);
  const output = new LastLines(15);
  for (const stream of [child.process.stdout, child.process.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => output.add(text));
  }

  const limitSeconds = durationsOf(run.profile).bystanderSeconds + EXTRA_SECONDS;
  const limits = AbortSignal.any([run.signal, AbortSignal.timeout(limitSeconds * 1000)]);
  const stop = () => void child.stop(1_000);
  limits.addEventListener('abort', stop, { once: true });
  if (limits.aborted) stop();
  const status = await child.exited;
  limits.removeEventListener('abort', stop);
  run.signal.throwIfAborted();
  if (limits.aborted)
    throw new K6RunError(`k6 was still running after ${limitSeconds} s and was ended\n${output.text}`);
  if (status.code !== 0 && status.code !== THRESHOLDS_CROSSED) {
    throw new K6RunError(`k6 ended with ${describeExit(status)}\n${output.text}`);
  }

  try {
    return parseSummary(await readFile(run.summaryPath, 'utf8'));
  } catch (error) {
    throw new K6RunError(`k6 left no summary in ${run.summaryPath}\n${output.text}`, { cause: error });
  }
}
