/**
 * Proves the locks at length: interleavings of the real code step by step, seeded bugs that this must find, stress on
 * real threads, holders that are killed, waits that must not leak. Writes `docs/evidence/locks.json` and `.md`.
 *
 * Exit code: 0 proved, 1 refuted, 2 wrong flags.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeMachine } from '../load/machine.ts';
import { killKinds } from './locks/kill-kinds.ts';
import { markdownOf } from './locks/markdown.ts';
import { bugsFound, interleavings, kills, leaks, type ProofPlan, type Section, stress } from './locks/sections.ts';

const help = `node prove/locks.ts [flags]
  --seed <n>       of random schedules, stress and kills             (1)
  --kills <n>      deaths of a holder per kind                       (1000)
  --kinds <names>  what holders die with, separated by commas        (all)
  --seconds <n>    for the interleavings, and again for the stress   (120)
  --only <names>   sections, separated by commas: interleavings, bugs, stress, kills, leaks
  --dry            write no evidence`;

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
  const results: Section[] = [];
  for (const name of plan.only) {
    const result = await sections[name]({ ...plan, progress });
    results.push(result);
    console.log(`\n${result.title}: ${result.failures.length === 0 ? 'proved' : 'REFUTED'}`);
    console.table(result.rows);
    for (const failure of result.failures) console.log(`  ${failure}`);
  }
  const isProved = results.every(({ failures }) => failures.length === 0);
  if (!plan.dry) {
    const { seed, kills: count, seconds, only } = plan;
    const isWhole = only.length === Object.keys(sections).length;
    const command = `node prove/locks.ts --seed ${seed} --kills ${count} --seconds ${seconds}${isWhole ? '' : ` --only ${only.join(',')}`}`;
    const elapsedSeconds = Math.round((performance.now() - startedMs) / 1_000);
    const evidence = {
      command,
      date: new Date().toISOString(),
      machine: describeMachine(),
      elapsedSeconds,
      isProved,
      sections: results,
    };
    const folder = new URL('../docs/evidence/', import.meta.url);
    mkdirSync(folder, { recursive: true });
    writeFileSync(new URL('locks.json', folder), `${JSON.stringify(evidence, undefined, 2)}\n`);
    writeFileSync(new URL('locks.md', folder), markdownOf(evidence));
  }
  console.log(isProved ? '\nproved' : '\nREFUTED');
  return isProved ? 0 : 1;
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
