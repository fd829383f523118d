/**
 * What `npm run fork` writes is a project that stands on its own. Here one of the cases, another one each day, borrows the
 * packages of this project and runs what shows that it was cut in the right places. `FORK_TESTS=each` does so with every
 * case, and `FORK_TESTS=all` installs the packages of each and runs all of its tests.
 */
import { execFile } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { mkdtemp, mkdtempDisposable, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { strategies } from '../../src/strategies/index.ts';
import type { ResourceName } from '../../src/strategies/strategy.ts';
import { startServiceUnderTest, stopCleanly } from '../support/service.ts';

vi.setConfig({ testTimeout: 1_800_000 });

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const wanted = process.env['FORK_TESTS'];
const isWhole = wanted === 'all';
const all = ['counters', 'cache', 'connections', 'config'] as const;

interface Case {
  readonly strategy: string;
  readonly resources: readonly ResourceName[];
  /** What is run of its tests. */
  readonly tests: readonly string[];
}

const described = 'test/http/openapi.test.ts';
const settings = 'test/settings.test.ts';

/** Every strategy, every resource alone, all of them together; one with all of its tests. */
const cases: readonly Case[] = [
  {
    strategy: 'sync-lock',
    resources: ['cache'],
    tests: [described, settings, 'test/contracts/cache.test.ts', 'test/http/cache'],
  },
  { strategy: 'async-lock', resources: ['connections'], tests: [described, settings, 'test/http/connections.test.ts'] },
  { strategy: 'sharded', resources: ['counters'], tests: [described, settings, 'test/contracts'] },
  { strategy: 'actor', resources: ['config'], tests: [] },
  { strategy: 'snapshot', resources: all, tests: [described, settings, 'test/contracts/config.test.ts'] },
  { strategy: 'single-thread', resources: ['counters', 'cache'], tests: [described, settings, 'test/contracts'] },
];

/** A project made for a test, gone with it. */
class Fork implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async write(chosen: Case): Promise<Fork> {
    const folder = join(await mkdtemp(join(tmpdir(), 'shared-state-fork-')), 'my-service');
    await run(process.execPath, argumentsFor(chosen, folder));
    return new Fork(folder);
  }

  /** Its own packages, or those of this project. */
  async install(): Promise<void> {
    if (isWhole) await this.#run('npm', ['ci']);
    else await symlink(join(root, 'node_modules'), join(this.folder, 'node_modules'));
  }

  async tool(name: string, ...args: string[]): Promise<void> {
    await this.#run(join(this.folder, 'node_modules/.bin', name), args);
  }

  read(path: string): Promise<string> {
    return readFile(join(this.folder, path), 'utf8');
  }

  async #run(command: string, args: readonly string[]): Promise<void> {
    const { VITEST: _vitest, NODE_ENV: _mode, ...env } = process.env;
    try {
      await run(command, args, { cwd: this.folder, maxBuffer: 2 ** 24, env: { ...env, CI: 'true' } });
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      const said = `${stdout.slice(-4000)}\n${stderr.slice(-2000)}`;
      throw new Error(`${command} ${args.join(' ')}: ${String(error)}\n${said}`, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(join(this.folder, '..'), { recursive: true });
  }
}

function argumentsFor({ strategy, resources }: Case, out: string): string[] {
  const flags = ['--strategy', strategy, '--resources', resources.join(','), '--out', out];
  return [join(root, 'fork/index.ts'), ...flags];
}

const offered = cases.filter(({ strategy }) => strategies.some(({ name }) => name === strategy));
const today = Math.floor(Date.now() / 86_400_000) % offered.length;
const tried = isWhole || wanted === 'each' ? offered : [offered[today]!];

it('leaves nothing behind when it fails, so that it can be tried again', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'shared-state-fork-'));
  const args = argumentsFor(offered[0]!, join(folder.path, 'my-service'));
  const env = { PATH: folder.path }; // where there is no npm
  await expect(run(process.execPath, args, { env })).rejects.toThrow('npm');
  expect(await readdir(folder.path)).toEqual([]);
});

it('is tested whole by a job for each strategy', async () => {
  const workflow = parse(await readFile(join(root, '.github/workflows/ci.yml'), 'utf8')) as {
    jobs: { fork: { strategy: { matrix: { strategy: string[] } } } };
  };
  expect(workflow.jobs.fork.strategy.matrix.strategy).toEqual(cases.map(({ strategy }) => strategy));
});

describe.each(tried)('a project with $strategy and $resources', (chosen) => {
  let fork: Fork;
  beforeAll(async () => {
    fork = await Fork.write(chosen);
    await fork.install();
  }, 120_000);
  afterAll(() => fork[Symbol.asyncDispose]());

  it('has what was chosen and nothing else', async () => {
    await agreesWithItself(fork);
    await mentionsNothingElse(fork, chosen);
    await servesNothingElse(fork, chosen);
  });

  it('passes type check, lint and format', async () => {
    await Promise.all([
      fork.tool('tsc'),
      fork.tool('oxlint', '--type-aware', '--deny-warnings'),
      fork.tool('oxfmt', '--check'),
    ]);
  });

  it('passes its tests', async () => {
    await fork.tool('vitest', 'run', ...(isWhole ? [] : chosen.tests));
  });
});

/** Links lead somewhere, commands are there, packages are used. */
async function agreesWithItself(fork: Fork): Promise<void> {
  const { name, scripts, dependencies } = JSON.parse(await fork.read('package.json')) as {
    name: string;
    scripts: Record<string, string>;
    dependencies: Record<string, string>;
  };
  expect(name).toBe('my-service');
  expect((JSON.parse(await fork.read('package-lock.json')) as { name: string }).name).toBe('my-service');
  const texts = await textsOf(fork);
  const page = texts.get('README.md')!;
  const links = Array.from(page.matchAll(/\]\(([^):]+)\)/g), ([, link]) => link!);
  expect(links.length).toBeGreaterThan(5);
  expect(links.filter((link) => !existsSync(join(fork.folder, link)))).toEqual([]);
  const whole = [...texts.values()].join('\n');
  const commands = Array.from(whole.matchAll(/npm run (?:-s )?([\w:]+)/g), ([, command]) => command!);
  expect(commands.filter((command) => !(command in scripts))).toEqual([]);
  const sources = [...texts].flatMap(([path, text]) => (path.startsWith('src/') ? text : []));
  const isUsed = (each: string) => sources.some((text) => text.includes(`'${each}`));
  expect(Object.keys(dependencies).filter((each) => !isUsed(each))).toEqual([]);
}

async function mentionsNothingElse(fork: Fork, { strategy, resources }: Case): Promise<void> {
  expect(await readdir(join(fork.folder, 'src/strategies'), { withFileTypes: true })).toSatisfy(
    (entries: { name: string; isDirectory(): boolean }[]) =>
      entries.every((entry) => !entry.isDirectory() || entry.name === strategy),
  );
  const others = strategies.map(({ name }) => name).filter((name) => name !== strategy);
  const word = new RegExp(`(['"\`])(?:${others.join('|')})\\1|/v1/(?:${others.join('|')})/`);
  const lost = all.filter((name) => !resources.includes(name));
  for (const [path, text] of await textsOf(fork)) {
    expect([path, word.exec(text)?.[0]]).toEqual([path, undefined]);
    expect([path, /docs\/decisions/.exec(text)?.[0]]).toEqual([path, undefined]);
    expect(lost.filter((name) => path.includes(`/routes/${name}.`))).toEqual([]);
    const speaksOfLost = lost.includes('counters') && text.includes('writes of counters');
    expect(speaksOfLost ? [path] : []).toEqual([]);
  }
}

async function servesNothingElse(fork: Fork, { strategy, resources }: Case): Promise<void> {
  const service = await startServiceUnderTest({}, { args: [join(fork.folder, 'src/main.ts')], cwd: fork.folder });
  const base = `${service.url}/v1/${strategy}`;
  const paths = { counters: 'counters', cache: 'cache', connections: 'connections', config: 'config' };
  for (const [resource, path] of Object.entries(paths)) {
    const { status } = await fetch(`${base}/${path}`);
    expect([resource, status]).toEqual([resource, resources.includes(resource as ResourceName) ? 200 : 404]);
  }
  const catalogue = (await (await fetch(`${service.url}/v1`)).json()) as { strategies: unknown[] };
  expect(catalogue.strategies).toMatchObject([{ name: strategy, resources }]);
  const document = (await (await fetch(`${service.url}/openapi.json`)).json()) as { paths: Record<string, unknown> };
  const documented = new Set(
    Object.keys(document.paths).map((path) => path.split('/')[3]?.replace(/^(?:rooms|ws)$/, 'connections')),
  );
  const found = all.filter((name) => documented.has(name));
  expect(found).toEqual(resources);
  await stopCleanly(service);
}

async function textsOf(fork: Fork): Promise<ReadonlyMap<string, string>> {
  const paths = globSync('**/*', {
    cwd: fork.folder,
    exclude: (path) => path === 'node_modules',
  }).filter((path) => /\.\w+$/.test(path) && !path.startsWith('node_modules') && path !== 'package-lock.json');
  const texts = new Map<string, string>();
  for (const path of paths) texts.set(path, await fork.read(path));
  return texts;
}
