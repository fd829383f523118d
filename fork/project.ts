/** Writes the new project: sources and tests with one strategy and some resources, and what a repository has around them. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { CommandLine } from './command-line.ts';
import {
  composeFile,
  environmentFile,
  ignoreFile,
  sameFiles,
  toolConfig,
  typeScriptConfig,
  workflowFile,
} from './config-files.ts';
import { commands, type PackageFile, packageFile, writeLock } from './packages.ts';
import { type OpenApi, readme } from './readme.ts';
import { serviceSources, type ServiceSources } from './service-sources.ts';
import { settingsTable } from './settings-table.ts';
import type { ResourceName, Strategy } from '../src/strategies/strategy.ts';

const run = promisify(execFile);

/** What this project calls itself wherever its name shows: in Redis, in problem types, in headers. */
const OWN_NAME = /\bshared-state\b/g;

/**
 * Writes it beside where it belongs and moves it there as a whole, so that whatever fails leaves nothing in the way of
 * another try.
 *
 * @param root the folder of this project, whose packages are installed
 * @param strategies all that there are
 */
export async function writeProject(root: string, chosen: CommandLine, strategies: readonly Strategy[]): Promise<void> {
  const draft = join(dirname(chosen.out), `.${basename(chosen.out)}-${process.pid}`);
  await mkdir(draft, { recursive: true });
  try {
    await writeDraft(root, { ...chosen, out: draft }, strategies);
    await mkdir(chosen.out, { recursive: true });
    for (const name of await readdir(draft)) await rename(join(draft, name), join(chosen.out, name));
  } finally {
    await rm(draft, { recursive: true });
  }
}

async function writeDraft(root: string, chosen: CommandLine, strategies: readonly Strategy[]): Promise<void> {
  const { strategy, resources, out, name } = chosen;
  const original = (path: string) => readFile(join(root, path), 'utf8');
  const all = Object.keys(strategy.cells) as ResourceName[];
  const sources = serviceSources(root, {
    strategy: strategy.name,
    isAlone: strategy.threads === 1,
    strategies: strategies.map((each) => each.name),
    resources,
    commands,
    otherResources: all.filter((each) => !resources.includes(each)),
  });
  const shortName = name.replace(/^@.*\//, '').replaceAll('~', '-');
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(out, path)), { recursive: true });
    await writeFile(join(out, path), text.replaceAll(OWN_NAME, shortName));
  };

  const settings = new Set([...sources.settings].filter((each) => means(strategy, each)));
  for (const [path, text] of sources.files) await write(path, text);
  for (const asset of sources.assets) await copyAssets(root, asset, write);
  for (const path of sameFiles) await write(path, withoutSizes(await original(path)));
  const folders = [...new Set([...sources.files.keys()].map((path) => path.split('/')[0]!))];
  await write('tsconfig.json', typeScriptConfig(await original('tsconfig.json'), folders));
  for (const path of ['.oxlintrc.json', '.oxfmtrc.json']) await write(path, toolConfig(await original(path)));
  await write('.gitignore', ignoreFile(await original('.gitignore')));
  await write('compose.yaml', composeFile(await original('compose.yaml'), settings));
  await write('.env.example', environmentFile(await original('.env.example'), settings));
  await write('.github/workflows/ci.yml', workflowFile(await original('.github/workflows/ci.yml')));
  const ownPackage = JSON.parse(await original('package.json')) as PackageFile;
  const what = strategy.threads === 1 ? 'A service of' : 'A service whose threads share';
  const description = `${what} ${listed(resources)}: ${strategy.summary}`;
  await writeFile(
    join(out, 'package.json'),
    `${JSON.stringify(packageFile(ownPackage, { name, description }, sources.files), undefined, 2)}\n`,
  );
  await writeLock(root, out);
  await finish(root, out);
  await write('README.md', await readmeOf(chosen, sources, settings, original));
}

/** Whether a setting decides anything under a strategy. */
function means({ threads, cells: { counters } }: Strategy, setting: string): boolean {
  if (setting === 'STRATEGIES') return false;
  if (setting === 'THREADS') return threads !== 1;
  return !setting.startsWith('MAILBOX_') || ('own' in counters && counters.own !== undefined);
}

/** What this project's image takes says nothing of another's. */
function withoutSizes(text: string): string {
  return text.replace(/\d+ of \d+ MB, and nothing reads them/, 'Nothing reads them');
}

function listed(names: readonly string[]): string {
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** A file that is no module, or those of a folder. */
async function copyAssets(root: string, asset: string, write: (path: string, text: string) => Promise<void>) {
  if (!asset.endsWith('/')) return write(asset, await readFile(join(root, asset), 'utf8'));
  for (const { name } of (await readdir(join(root, asset), { withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  )) {
    if (!name.endsWith('.ts') && !name.endsWith('.mjs')) {
      await write(`${asset}${name}`, await readFile(join(root, asset, name), 'utf8'));
    }
  }
}

/** Formats it, and lets it write its own OpenAPI document, with the packages of this project: none are installed there. */
async function finish(root: string, out: string): Promise<void> {
  const packages = join(out, 'node_modules');
  await symlink(join(root, 'node_modules'), packages, 'junction');
  try {
    await run(process.execPath, [join(packages, 'oxfmt/bin/oxfmt')], { cwd: out });
    await run(process.execPath, ['docs/openapi.ts'], { cwd: out });
  } finally {
    await rm(packages);
  }
}

async function readmeOf(
  { name, strategy, resources, out }: CommandLine,
  { files }: ServiceSources,
  settings: ReadonlySet<string>,
  original: (path: string) => Promise<string>,
): Promise<string> {
  return readme({
    name,
    strategy: strategy.name,
    isAlone: strategy.threads === 1,
    strategySource: files.get(`src/strategies/${strategy.name}/index.ts`)!,
    resources,
    document: JSON.parse(await readFile(join(out, 'docs/openapi.json'), 'utf8')) as OpenApi,
    settings: settingsTable(await original('docs/http-api.md'), (each) => settings.has(each)),
    folders: [...files.keys()],
  });
}
