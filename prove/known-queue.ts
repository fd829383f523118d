/**
 * Random arrivals do what theory says: a service that takes 5 ms for each request, one after the other, is a queue whose
 * p99 is known (M/D/1).
 *
 *     npm run prove -- --only known-queue     prints, and writes docs/evidence/known-queue.md and .json once it is proved
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { queueCell } from '../load/agreement.ts';
import { calibrate } from '../load/calibration.ts';
import { messageOf } from '../load/errors.ts';
import { msText, wholeText } from '../load/format.ts';
import { interruptSignal } from '../load/interrupt.ts';
import { resolveK6 } from '../load/k6/resolve.ts';
import { agreesWith, isPoisson, measureKnownQueue, type KnownQueueRun } from '../load/known-queue.ts';
import { startOrigin } from '../load/origin.ts';
import type { Candidate } from '../load/registry.ts';
import { rounded } from '../load/rounded.ts';
import { localHost } from '../load/service-host.ts';
import { isForeign } from '../load/validity.ts';
import { machineText } from './markdown.ts';
import { conclude, evidenceFile, type Page } from './verdict.ts';

const SERVICE_MS = 5;
const LOADS = [0.5, 0.82, 0.9];
const SEED = 26;

const root = fileURLToPath(new URL('..', import.meta.url));
const signal = interruptSignal();
const say = (text: string): void => console.log(text);
const candidate: Candidate = {
  name: 'async-lock',
  strategy: 'async-lock',
  kind: 'strategy',
  summary: '',
  resources: ['counters'],
};

try {
  const k6 = await resolveK6({ environment: process.env, toolsDirectory: join(root, '.tools'), say, signal });
  const rawDirectory = await mkdtemp(join(tmpdir(), 'known-queue-'));
  try {
    const host = localHost(join(root, 'test/support/fake-service.ts'), await startOrigin('embedded', signal));
    const context = { k6Path: k6.path, host, rawDirectory, signal, say };
    const calibration = await calibrate(candidate, { threads: 1, arrivals: 'random' }, context);
    const wayMs = calibration.floorP99Ms ?? 0;
    const found = await measureKnownQueue(queueCell(candidate, SERVICE_MS, SEED), LOADS, context);
    process.exitCode = await conclude(pageOf(found, wayMs, k6.version), evidenceFile('known-queue.md'));
    if (process.exitCode === 0)
      await writeFile(evidenceFile('known-queue.json'), `${JSON.stringify(rounded(found), null, 2)}\n`);
  } finally {
    await rm(rawDirectory, { recursive: true, force: true });
  }
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = signal.aborted ? 130 : 1;
}

function pageOf(
  { capacityPerSecond, runs }: { readonly capacityPerSecond: number; readonly runs: readonly KnownQueueRun[] },
  wayMs: number,
  k6: string,
): Page {
  const disturbed = runs.some(({ flags }) => flags.some(isForeign));
  const holds = runs.every(
    (run) => agreesWith(run, wayMs) && run.sent !== undefined && isPoisson(run.sent, run.windowSeconds),
  );
  const verdict = disturbed ? 'void' : holds ? 'proved' : 'refuted';
  const because = {
    proved: 'arrivals were those of a Poisson process, and the queue was what it must be.',
    refuted: 'arrivals or the queue were not what they must be.',
    void: 'other programs disturbed a run.',
  }[verdict];
  const rows = runs.map(({ load, ratePerSecond, windowSeconds, sent, seen, computed, theory }) => {
    const shape = sent === undefined ? '– | –' : `${sent.gapVariation.toFixed(2)} | ${sent.countDispersion.toFixed(2)}`;
    const pair = (name: 'p50' | 'p99') => `${msText(seen[name])} | ${msText(computed[name])} | ${msText(theory[name])}`;
    return `| ${load} | ${ratePerSecond} | ${windowSeconds} | ${shape} | ${pair('p50')} | ${pair('p99')} |`;
  });
  const body = `A service answers one request after the other, ${SERVICE_MS} ms of a timer for each; in a closed loop it does ${wholeText(capacityPerSecond)}/s. Under random arrivals it is
M/D/1. *Computed* is what such a server makes of the very arrivals that were drawn; *theory* is the average over all arrivals of that rate.
Agreement is 10 % of what was computed, and the way there and back, which for \`/healthz\` is ${msText(wayMs)} ms at its p99.

- command: \`npm run prove -- --only known-queue\`
- date: ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC
- machine: ${machineText()}, k6 ${k6}
- seed: ${SEED}

| load | rate/s | window s | variation of gaps | dispersion in 250 ms | p50 ms seen | computed | theory | p99 ms seen | computed | theory |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
${rows.join('\n')}`;
  return { title: 'Random arrivals against a queue that is known', verdict, because, body };
}
