/**
 * Proves the locks at length: interleavings of the real code step by step, seeded bugs that this must find, stress on
 * real threads, holders that are killed, waits that must not leak. Writes `docs/evidence/locks.json` and `.md`.
 *
 * Exit code: 0 proved, 1 refuted, 2 wrong flags.
 */
import { parseArgs } from 'node:util';
import { beginSection, writeEvidence } from './locks/evidence.ts';
import { killKinds } from './locks/kill-kinds.ts';
import { bugsFound, interleavings, kills, leaks, type ProofPlan, stress, TITLES } from './locks/sections.ts';

const help = `node prove/locks.ts [flags]
  --seed <n>       of random schedules, stress and kills             (1)
  --kills <n>      deaths of a holder per kind                       (1000)
  --kinds <names>  what holders die with, separated by commas; no evidence then (all)
  --seconds <n>    for the stress; the interleavings have five times as long (120)
  --only <names>   sections, separated by commas: interleavings, bugs, stress, kills, leaks
  --dry            write no evidence

Each section renews its own part of the evidence.`;

const sections = { interleavings, bugs: bugsFound, stress, kills, leaks };
type SectionName = keyof typeof sections;

const options = {
  seed: { type: 'string', default: '1' },
  kills: { type: 'string', default: '1000' },
  kinds: { type: 'string' },
  seconds: { type: 'string', default: '120' },
  only: { type: 'string', default: Object.keys(sections).join(',') },
  dry: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

interface CommandLine extends Omit<ProofPlan, 'progress'> {
  readonly only: readonly SectionName[];
  readonly dry: boolean;
  readonly help: boolean;
}

function commandLine(args: string[]): CommandLine {
  const { values } = parseArgs({ args, options });
  const only = values.only.split(',').map((name) => {
    if (!Object.hasOwn(sections, name)) throw new TypeError(`--only: there is no section "${name}"`);
    return name as SectionName;
  });
  const numbers = {
    seed: whole('seed', values.seed),
    kills: whole('kills', values.kills),
    seconds: whole('seconds', values.seconds),
  };
  const kinds = values.kinds?.split(',');
  const unknown = kinds?.filter((kind) => !killKinds.some(({ name }) => name === kind)) ?? [];
  if (unknown.length > 0) throw new TypeError(`--kinds: there is no kind "${unknown.join('", "')}"`);
  return { ...numbers, kinds, only, dry: values.dry, help: values.help };
}

function whole(flag: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/u.test(text)) throw new TypeError(`--${flag} must be a positive whole number, not "${text}"`);
  return Number(text);
}

async function prove(plan: CommandLine): Promise<number> {
  const startedMs = performance.now();
  const progress = (line: string): void =>
    console.error(`${((performance.now() - startedMs) / 1_000).toFixed(0)} s  ${line}`);
  let isProved = true;
  for (const name of plan.only) {
    const done = beginSection(commandOf(plan, name));
    const result = done(await sections[name]({ ...plan, progress }));
    isProved &&= result.failures.length === 0;
    console.log(`\n${result.title}: ${result.failures.length === 0 ? 'proved' : 'REFUTED'}`);
    console.table(result.rows);
    for (const failure of result.failures) console.log(`  ${failure}`);
    // At once, since what follows may take long; and not for some of the kinds, which would replace all.
    if (!plan.dry && plan.kinds === undefined) writeEvidence([result], Object.values(TITLES));
  }
  console.log(isProved ? '\nproved' : '\nREFUTED');
  return isProved ? 0 : 1;
}

/** The command that renews one section. */
function commandOf({ seed, kills: count, seconds }: CommandLine, name: SectionName): string {
  const flags = { interleavings: `--seconds ${seconds}`, stress: `--seconds ${seconds}`, kills: `--kills ${count}` };
  const own = name in flags ? ` ${flags[name as keyof typeof flags]}` : '';
  return `node prove/locks.ts --only ${name} --seed ${seed}${own}`;
}

try {
  const plan = commandLine(process.argv.slice(2));
  if (plan.help) console.log(help);
  else process.exitCode = await prove(plan);
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message}\n\n${help}`);
  process.exitCode = 2;
}
