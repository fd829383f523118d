/** What the container files say, for the tests that hold them against the project. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DockerfileParser, type From, type Instruction, ModifiableInstruction } from 'dockerfile-ast';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../..', import.meta.url));

export function textOf(path: string): string {
  return readFileSync(`${root}${path}`, 'utf8');
}

export interface ComposeService {
  readonly image: string;
  readonly build?: string;
  readonly profiles?: readonly string[];
  readonly ports?: readonly string[];
  readonly networks?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly user?: string;
  readonly [option: string]: unknown;
}

export interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
}

export function composeFile(): Compose {
  return parse(textOf('compose.yaml'), { merge: true }) as Compose;
}

/** The variables that compose.yaml takes from `.env`, with their defaults; no default: passed on only where set. */
export function variablesOf({ services }: Compose): Map<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  for (const [, name, fallback] of textOf('compose.yaml').matchAll(/\$\{(\w+)(?::-([^}]*))?\}/g)) {
    found.set(name!, fallback);
  }
  for (const { environment = {} } of Object.values(services)) {
    for (const [name, value] of Object.entries(environment)) if (value === null) found.set(name, undefined);
  }
  return found;
}

/** The assignments of `.env.example`. */
export function exampleVariables(): Map<string, string> {
  const lines = textOf('.env.example').split('\n');
  const given = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(given.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** The pairs that a service mounts from this directory: here and in the container. */
export function bindMounts({ volumes = [] }: ComposeService): { readonly from: string; readonly to: string }[] {
  return volumes
    .filter((volume) => volume.startsWith('./'))
    .map((volume) => {
      const [from, to] = volume.split(':') as [string, string];
      return { from: from.slice(2), to };
    });
}

export interface Step {
  readonly keyword: string;
  /** What stands behind the keyword and its flags. */
  readonly rest: string;
  readonly flags: Readonly<Record<string, string>>;
}

export interface Stage {
  readonly name: string | undefined;
  readonly image: string;
  readonly steps: readonly Step[];
}

/** The Dockerfile by stage. */
export function stages(): Stage[] {
  const found: { name: string | undefined; image: string; steps: Step[] }[] = [];
  for (const instruction of DockerfileParser.parse(textOf('Dockerfile')).getInstructions()) {
    if (instruction.getKeyword() === 'FROM') {
      const from = instruction as From;
      found.push({ name: from.getBuildStage() ?? undefined, image: from.getImage() ?? '', steps: [] });
    } else found.at(-1)?.steps.push(stepOf(instruction));
  }
  return found;
}

function stepOf(instruction: Instruction): Step {
  const flags = instruction instanceof ModifiableInstruction ? instruction.getFlags() : [];
  return {
    keyword: instruction.getKeyword(),
    rest: (instruction.getRawArgumentsContent() ?? '').replaceAll(/\\\n\s*/g, ''),
    flags: Object.fromEntries(flags.map((flag) => [flag.getName(), flag.getValue() ?? ''])),
  };
}

/** The last step of a kind, which is the one that holds. */
export function lastStep({ steps }: Stage, keyword: string): Step {
  const step = steps.findLast((candidate) => candidate.keyword === keyword);
  if (step === undefined) throw new Error(`the Dockerfile has no ${keyword} in its last stage`);
  return step;
}

/** What `ENV` sets. */
export function environmentOf({ steps }: Stage): Record<string, string> {
  const pairs = steps.filter(({ keyword }) => keyword === 'ENV').flatMap(({ rest }) => rest.split(/\s+/));
  return Object.fromEntries(pairs.map((pair) => pair.split('=', 2) as [string, string]));
}
