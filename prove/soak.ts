/**
 * Proves that a service does not wear out: all strategies and resources at 0.7 of the capacity, with faults every few
 * seconds. Its memory is looked at after collections, with no request under way; handles and waits must be in the end
 * what they were before; and all that was acknowledged must be there.
 *
 * Exit code: 0 proved, 1 refuted, 2 wrong flags, 3 void: too few samples, or too much noise, to say anything.
 */
import { writeFile } from 'node:fs/promises';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { wholeText } from '../load/format.ts';
import { describeMachine } from '../load/machine.ts';
import { kept, runSoak, type SoakRun } from '../test/support/soak.ts';
import { FLAT, type Judged, judge, seriesOf } from '../test/support/soak-verdict.ts';
import { positive, runCommand } from './command.ts';

const help = `node prove/soak.ts [flags]
  --minutes <n>  under load                                     (20)
  --sample <n>   seconds between samples                        (30)
  --seed <n>     decides what is asked, when, and what goes wrong  (1)
  --evidence     write docs/evidence/soak.md`;

const MIB = 2 ** 20;

function planOf(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '20' },
      sample: { type: 'string', default: '30' },
      seed: { type: 'string', default: '1' },
      evidence: { type: 'boolean', default: false },
    },
  });
  return {
    minutes: positive('--minutes', values.minutes),
    sampleEverySeconds: positive('--sample', values.sample),
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

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const rule = head.map((_, at) => (at === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const mib = (bytes: number): string => (bytes / MIB).toFixed(2);

function report(run: SoakRun, judged: readonly Judged[]): string {
  const { load, faults, capacityPerSecond, ratePerSecond } = run;
  const memory = judged.map(({ name, points, level, growth, least, most, verdict }) => {
    return [name, points.length, mib(level), mib(growth), `${mib(least)} … ${mib(most)}`, verdict];
  });
  return `${table(['MiB', 'samples', 'median', 'growth', 'its 99 % interval', ''], memory)}

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
)}
`;
}

function pageOf(run: SoakRun, judged: readonly Judged[], plan: ReturnType<typeof planOf>, startedAt: string): string {
  const { cpu, cores, memoryGb, platform, node } = describeMachine();
  const { minutes, sampleEverySeconds, seed } = plan;
  const against = objections(run, judged);
  const samples = run.samples.map(({ atSeconds, residentBytes, threads }) => [
    atSeconds,
    mib(residentBytes),
    ...threads.map(({ heapBytes, externalBytes }) => mib(heapBytes + externalBytes)),
  ]);
  const names = run.samples[0]?.threads.map(({ thread }) => thread) ?? [];
  return `# A soak

All strategies, counters, cache, connections, config and WebSockets, \`WRITE_THROUGH=on\`, requests at random times
(Poisson) at 0.7 of the capacity. Every three seconds something goes wrong: errors in critical sections, an origin that is
late or fails, clients that vanish, WebSockets that return, threads that die while they hold a lock. It is always thread 1
that dies, and the owner in the first third of the time only, so that the heaps of threads that live long can be judged.
For each sample the load stops, each thread collects its garbage, and says what it has: heap and external memory. The first
third is warm-up. Growth is by Theil–Sen; it is refuted to be flat where even the lower end of the interval is more than
${100 * FLAT} % of the median.

- command: \`node prove/soak.ts --minutes ${minutes} --sample ${sampleEverySeconds} --seed ${seed}\`
- date: ${startedAt}
- machine: ${cpu}, ${cores} cores, ${memoryGb} GB, ${platform}, Node ${node}

${report(run, judged)}
Handles (by kind, per thread), locks held or waited for, letters in mailboxes and pinned versions, before the load:
\`${JSON.stringify(kept(run.baseline))}\`; after it: ${isDeepStrictEqual(kept(run.baseline), kept(run.end)) ? 'the same' : `\`${JSON.stringify(kept(run.end))}\``}.

${against.length === 0 ? 'Every answer was one that is intended, each counter is what was acknowledged, and connections, totals and rooms agree.' : against.map((one) => `- **${one}**`).join('\n')}

${table(['seconds', 'resident, MiB', ...names.map((name) => (name === 'main' ? name : `thread ${name}`))], samples)}
`;
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
  const judged = seriesOf(run.samples).map(judge);
  console.log(`\n${report(run, judged)}`);
  const against = objections(run, judged);
  for (const objection of against) console.log(`✗ ${objection}`);
  const page = pageOf(run, judged, plan, startedAt);
  if (plan.evidence) await writeFile(new URL('../docs/evidence/soak.md', import.meta.url), page);
  const isVoid = judged.some(({ verdict }) => verdict !== 'flat') || Object.values(run.faults).includes(0);
  console.log(
    against.length > 0 ? 'REFUTED: see above' : isVoid ? 'VOID: too few samples or too much noise' : 'PROVED',
  );
  return against.length > 0 ? 1 : isVoid ? 3 : 0;
}

await runCommand(help, main);
