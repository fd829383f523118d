/**
 * Proves that a service does not wear out: all strategies and resources at 0.7 of the capacity, with faults every few
 * seconds. Its memory is looked at after collections, with no request under way; handles and waits must be in the end
 * what they were before; and all that was acknowledged must be there.
 *
 * Exit code: 0 proved, 1 refuted, 2 wrong flags, 3 void: too few samples, or too much noise, to say anything.
 */
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { wholeText } from '../load/format.ts';
import { kept, runSoak, type SoakRun } from '../test/support/soak.ts';
import { soakFaults } from '../test/support/soak-faults.ts';
import { FLAT, GROWS, type Judged, judge, seriesOf } from '../test/support/soak-verdict.ts';
import { positive, runCommand } from './command.ts';
import { machineText, table } from './markdown.ts';
import { conclude, evidenceFile, type Page, type Verdict } from './verdict.ts';

const help = `node prove/soak.ts [flags]
  --minutes <n>  under load                                     (20)
  --short        five minutes under load, and a sample every 24 seconds, where none is named
  --sample <n>   seconds between samples                        (30)
  --seed <n>     decides what is asked, when, and what goes wrong  (1)
  --evidence     write docs/evidence/soak.md once it is proved`;

const MIB = 2 ** 20;
const FAULT_EVERY_SECONDS = 2;

function planOf(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string' },
      sample: { type: 'string' },
      short: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      evidence: { type: 'boolean', default: false },
    },
  });
  const minutes = positive('--minutes', values.minutes ?? (values.short ? '5' : '20'));
  const sampleEverySeconds = positive('--sample', values.sample ?? (values.short ? '24' : '30'));
  const faultsPerSample = Math.round(sampleEverySeconds / FAULT_EVERY_SECONDS);
  if (faultsPerSample < soakFaults.length) {
    throw new TypeError(
      `--sample must be at least ${FAULT_EVERY_SECONDS * soakFaults.length}, for one fault of each kind`,
    );
  }
  return {
    minutes,
    sampleEverySeconds,
    samples: Math.max(1, Math.round((minutes * 60) / sampleEverySeconds)),
    faultsPerSample,
    faultEveryMs: (sampleEverySeconds / faultsPerSample) * 1_000,
    seed: positive('--seed', values.seed),
    evidence: values.evidence,
  };
}

/** What speaks against it. */
function objections(run: SoakRun, judged: readonly Judged[]): string[] {
  const before = kept(run.baseline);
  const after = kept(run.end);
  return [
    ...judged.filter(({ verdict }) => verdict === 'grows').map(({ name }) => `it grows: ${name}`),
    ...(isDeepStrictEqual(before, after) ? [] : [`before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`]),
    ...run.samples
      .filter(({ waits }) => waits.locksPoisoned > 0)
      .map(({ atSeconds }) => `poisoned after ${atSeconds} s`),
    ...Array.from(run.load.wrong, ([what, times]) => `${times} x ${what}`),
    ...run.lost,
    ...run.disagreements,
    ...(run.exitCode === 0 ? [] : [`exit ${run.exitCode ?? 'by a kill'}`]),
  ];
}

/** Of what nothing can be said. */
function doubts(run: SoakRun, judged: readonly Judged[]): string[] {
  return [
    ...judged.flatMap(({ name, verdict }) =>
      verdict === 'flat' || verdict === 'grows' ? [] : [`${name}: ${verdict}`],
    ),
    ...Object.entries(run.faults).flatMap(([name, times]) => (times === 0 ? [`${name} never happened`] : [])),
  ];
}

const mib = (bytes: number): string => (bytes / MIB).toFixed(2);

function report(run: SoakRun, judged: readonly Judged[]): string {
  const { load, faults, capacityPerSecond, ratePerSecond } = run;
  const memory = judged.map(({ name, kind, points, level, growth, least, most, verdict }) => {
    const interval = `${mib(least)} … ${mib(most)}`;
    return [name, points.length, mib(level), mib(growth), interval, mib(FLAT[kind] * level), verdict];
  });
  return `${table(['MiB', 'samples', 'median', 'growth', 'its 99 % interval', 'flat up to', ''], memory)}

${table(
  ['what happened', ''],
  [
    ['capacity, /s', wholeText(capacityPerSecond)],
    ['load, /s', wholeText(ratePerSecond)],
    ['answers', wholeText(load.answered)],
    ['of these 503 with `Retry-After`', wholeText(load.refused)],
    ['of these an injected fault', wholeText(load.faulted)],
    ['cut off with a thread that died', wholeText(load.cut)],
    ...Object.entries(faults).map(([name, times]) => [`fault: ${name}`, times]),
  ],
)}`;
}

function pageOf(run: SoakRun, plan: ReturnType<typeof planOf>, startedAt: string): Page {
  const { minutes, sampleEverySeconds, seed } = plan;
  const judged = seriesOf(run.samples).map(judge);
  const against = objections(run, judged);
  const doubtful = doubts(run, judged);
  const verdict: Verdict = against.length > 0 ? 'refuted' : doubtful.length > 0 ? 'void' : 'proved';
  const because = {
    proved:
      'memory is flat, every answer was one that is intended, each counter is what was acknowledged, and connections, totals and rooms agree.',
    refuted: 'what speaks against it is listed below.',
    void: 'it says nothing, for the reasons below.',
  }[verdict];
  const reasons = [...against, ...doubtful].map((one) => `- **${one}**\n`).join('');
  const samples = run.samples.map(({ atSeconds, residentBytes, threads }) => [
    atSeconds,
    mib(residentBytes),
    ...threads.map(({ heapBytes, externalBytes }) => mib(heapBytes + externalBytes)),
  ]);
  const names = run.samples[0]?.threads.map(({ thread }) => thread) ?? [];
  const body = `All strategies, counters, cache, connections, config and WebSockets, \`WRITE_THROUGH=on\`, requests at random times
(Poisson) at 0.7 of the capacity. Every two seconds something goes wrong: errors in critical sections, an origin that is
late, fails or is out for seconds, clients that vanish, WebSockets that return, a connection map whose memory is full, a wall clock that is set
forward and back, threads that die while they hold a lock. It is always thread 1
that dies, as long before each sample, so that its heaps can be compared; the owner does in the first sixth only.
For each sample the load stops, each thread collects its garbage, and says what it has: heap and external memory. The first
third is warm-up. Growth is by Theil–Sen, from the first sample after that to the last. What is flat cannot have grown, by
the upper end of the interval, by more than ${100 * FLAT.heap} % of a heap's median, or ${100 * FLAT.resident} % of the resident memory's, of which the allocator gives
pages back when it likes; that it grows is shown by a lower end above ${100 * GROWS} %. Between the two nothing is said.

- command: \`node prove/soak.ts --minutes ${minutes} --sample ${sampleEverySeconds} --seed ${seed}\`
- date: ${startedAt}
- machine: ${machineText()}

${reasons === '' ? '' : `${reasons}\n`}${report(run, judged)}

Handles (by kind, per thread), locks held or waited for, letters in mailboxes and pinned versions, before the load:
\`${JSON.stringify(kept(run.baseline))}\`; after it: ${isDeepStrictEqual(kept(run.baseline), kept(run.end)) ? 'the same' : `\`${JSON.stringify(kept(run.end))}\``}.

${table(['seconds', 'resident, MiB', ...names.map((name) => (name === 'main' ? name : `thread ${name}`))], samples)}`;
  return { title: 'A soak', verdict, because, body };
}

async function main(): Promise<number> {
  const plan = planOf(process.argv.slice(2));
  const startedAt = new Date().toISOString();
  const run = await runSoak({
    ...plan,
    onSample: ({ atSeconds, residentBytes, threads }, { answered, refused, faulted, cut, wrong }) => {
      const heaps = threads.map(({ heapBytes, externalBytes }) => mib(heapBytes + externalBytes)).join(', ');
      const counts = `${answered} answers, ${refused} refused, ${faulted} faulted, ${cut} cut, ${wrong.size} kinds of wrong`;
      console.log(`${atSeconds} s: resident ${mib(residentBytes)} MiB, heaps ${heaps}; ${counts}`);
    },
  });
  return conclude(pageOf(run, plan, startedAt), plan.evidence ? evidenceFile('soak.md') : undefined);
}

await runCommand(help, main);
