/**
 * The comparison measures what is there: at 0.8 of its capacity, a service of known service time is seen by k6 as it sees
 * itself.
 *
 *     npm run prove -- --only comparison     prints, and writes docs/evidence/comparison.md and .json once it is proved
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureAgreement, type AgreementRun } from '../load/agreement.ts';
import { messageOf } from '../load/errors.ts';
import { estimateText, msText, wholeText } from '../load/format.ts';
import { interruptSignal } from '../load/interrupt.ts';
import { resolveK6 } from '../load/k6/resolve.ts';
import { startOrigin } from '../load/origin.ts';
import { rounded } from '../load/rounded.ts';
import { localHost } from '../load/service-host.ts';
import { boundText, ratioWithInterval } from '../load/statistics/relation.ts';
import { machineText } from './markdown.ts';
import { conclude, evidenceFile, type Page } from './verdict.ts';

/**
 * Long beside the way to the service and back, which k6 sees and the service does not, and which is stated with it: where its
 * p99 is 2 ms, that is less than the 5 % from which a difference is claimed.
 */
const SERVICE_MS = 50;
const ROUNDS = 6;
const SEED = 26;

const root = fileURLToPath(new URL('..', import.meta.url));
const signal = interruptSignal();
const say = (text: string): void => console.log(text);

try {
  const k6 = await resolveK6({ environment: process.env, toolsDirectory: join(root, '.tools'), say, signal });
  const rawDirectory = await mkdtemp(join(tmpdir(), 'agreement-'));
  try {
    const run = await measureAgreement({
      candidate: { name: 'async-lock', strategy: 'async-lock', kind: 'strategy', summary: '', resources: ['counters'] },
      serviceMs: SERVICE_MS,
      rounds: ROUNDS,
      seed: SEED,
      context: {
        k6Path: k6.path,
        host: localHost(join(root, 'test/support/fake-service.ts'), await startOrigin('embedded', signal)),
        rawDirectory,
        signal,
        say,
      },
    });
    process.exitCode = await conclude(pageOf(run, k6.version), evidenceFile('comparison.md'));
    if (process.exitCode === 0)
      await writeFile(evidenceFile('comparison.json'), `${JSON.stringify(rounded(run), null, 2)}\n`);
  } finally {
    await rm(rawDirectory, { recursive: true, force: true });
  }
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = signal.aborted ? 130 : 1;
}

function pageOf(run: AgreementRun, k6: string): Page {
  const rows = run.agreements.map(({ percentile, measuredMs, recordedMs, comparison, agrees }) => {
    return `| ${percentile} | ${estimateText(measuredMs, msText)} | ${estimateText(recordedMs, msText)} | ${ratioWithInterval(comparison)} | ${agrees ? boundText([comparison]) : 'TOO FAR APART'} |`;
  });
  const { floorP50Ms, floorP99Ms } = run.calibration;
  const disturbed = run.flaggedRounds === 0 ? 'none' : `${run.flaggedRounds} of ${ROUNDS}`;
  const verdict = run.agreements.every(({ agrees }) => agrees) ? 'proved' : 'refuted';
  const because = {
    proved: 'both percentiles are bounded, as the table says.',
    refuted: 'a percentile may be further off than 25 %.',
  }[verdict];
  const body = `A service that serves one request at a time, ${SERVICE_MS} ms each, keeps a record of when each request came in and was answered.
The comparison searches its capacity (${wholeText(run.capacity.passedPerSecond)}/s), loads it to 0.8 of that (${wholeText(run.ratePerSecond)}/s), and what k6 saw is
compared with the record, round by round, by the same rule as strategies are. The record begins and ends within the
service; k6 sees the way there and back as well, which for \`/healthz\` alone is ${msText(floorP50Ms)} ms (p50) to ${msText(floorP99Ms)} ms (p99).

- command: \`npm run prove -- --only comparison\`
- date: ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC
- machine: ${machineText()}, k6 ${k6}
- rounds: ${ROUNDS}, seed ${SEED}; disturbed: ${disturbed}

| | k6, ms from the scheduled time | the service's own record, ms | ratio | |
|---|---:|---:|---:|---|
${rows.join('\n')}`;
  return { title: 'The comparison against a service that is known', verdict, because, body };
}
