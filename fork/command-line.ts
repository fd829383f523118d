/** The flags of the fork. All mistakes are named at once, before anything is written. */
import { readdirSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import validateName from 'validate-npm-package-name';
import type { ResourceName, Strategy } from '../src/strategies/strategy.ts';

export interface CommandLine {
  readonly strategy: Strategy;
  readonly resources: readonly ResourceName[];
  /** The folder of the new project, as an absolute path. */
  readonly out: string;
  /** Its name in package.json. */
  readonly name: string;
}

/** Some flags are wrong; `mistakes` names each of them. Nothing was written. */
export class UsageError extends Error {
  readonly code = 'USAGE';
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'));
    this.mistakes = mistakes;
  }
}

const options = {
  strategy: { type: 'string' },
  resources: { type: 'string' },
  out: { type: 'string' },
  name: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Whether a service can be made of it alone. */
export function isOffered({ kind, threads }: Strategy): boolean {
  return kind === 'strategy' || threads === 1;
}

const reasons: Readonly<Record<Strategy['kind'], string>> = {
  strategy: '',
  baseline: 'it has counters only, and every request of theirs is a command to Redis: that needs no shared state',
  floor: 'it has counters only, and cannot list them: it is there to compare with',
  control: 'it loses updates, which shows that the proofs find them',
};

/**
 * Reads the arguments behind the program's name.
 *
 * @returns undefined where help is wanted
 * @throws {UsageError} naming everything that is wrong
 */
export function parseCommandLine(args: readonly string[], strategies: readonly Strategy[]): CommandLine | undefined {
  const { values, tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  if (values.help === true) return undefined;
  const mistakes = tokens.flatMap((token) => mistakesOf(token));
  const text = (flag: keyof typeof options): string | undefined =>
    typeof values[flag] === 'string' && values[flag] !== '' ? values[flag] : undefined;
  const noteIn = <T>(flag: string, found: T | string): T | undefined => {
    if (typeof found !== 'string') return found;
    mistakes.push(`--${flag}: ${found}`);
    return undefined;
  };
  const strategy = noteIn('strategy', strategyOf(text('strategy'), strategies));
  const resources = noteIn('resources', resourcesOf(text('resources'), strategies[0]!));
  const out = noteIn('out', folderOf(text('out')));
  const name = noteIn('name', out === undefined && text('name') === undefined ? [''] : nameOf(text('name'), out?.path));
  if (mistakes.length > 0) throw new UsageError(mistakes);
  return { strategy: strategy!, resources: resources!, out: out!.path, name: name![0] };
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];

function mistakesOf(token: Token): string[] {
  if (token.kind === 'positional') return [`"${token.value}": no flag; all of them begin with --`];
  if (token.kind !== 'option') return [];
  const { name, rawName, value } = token;
  const known = Object.keys(options);
  if (!known.includes(name)) return [`${rawName}: unknown; known are ${known.map((each) => `--${each}`).join(', ')}`];
  const isMissing = value === undefined || value === '';
  return isMissing && (name === 'resources' || name === 'name') ? [`${rawName}: needs a value`] : [];
}

function strategyOf(given: string | undefined, strategies: readonly Strategy[]): Strategy | string {
  const offered = strategies.filter(isOffered).map(({ name }) => name);
  if (given === undefined) return `must be given: one of ${offered.join(', ')}`;
  const found = strategies.find(({ name }) => name === given);
  if (found === undefined) return `must be one of ${offered.join(', ')}, not "${given}"`;
  return isOffered(found)
    ? found
    : `"${given}" is no template, as ${reasons[found.kind]}; take one of ${offered.join(', ')}`;
}

function resourcesOf(given: string | undefined, { cells }: Strategy): ResourceName[] | string {
  const known = Object.keys(cells) as ResourceName[];
  if (given === undefined) return known;
  const names = given.split(',').map((name) => name.trim());
  const wrong = names.filter((name) => !known.includes(name as ResourceName));
  if (wrong.length > 0)
    return `must list some of ${known.join(', ')}, not ${wrong.map((name) => `"${name}"`).join(', ')}`;
  return known.filter((name) => names.includes(name));
}

function folderOf(given: string | undefined): { readonly path: string } | string {
  if (given === undefined) return 'must be given: a folder that is empty or not there yet';
  const path = resolve(given);
  try {
    return readdirSync(path).length === 0 ? { path } : `${given} is not empty; take another folder, or empty it`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { path };
    return code === 'ENOTDIR' ? `${given} is a file, not a folder` : `${given} cannot be read (${code})`;
  }
}

function nameOf(given: string | undefined, out: string | undefined): readonly [string] | string {
  const name = given ?? basename(out!);
  const { validForNewPackages, errors = [], warnings = [] } = validateName(name);
  if (validForNewPackages) return [name];
  const where = given === undefined ? `; it comes from --out, so give another` : '';
  return `"${name}" is no name for a package: ${[...errors, ...warnings].join(', ')}${where}`;
}
