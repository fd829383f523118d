/** package.json and package-lock.json of the new project: the packages that it uses, at the versions that are locked here. */
import { execFile } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseModule } from './module.ts';

export interface PackageFile {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** What no source imports. */
const tools: ReadonlySet<string> = new Set(['@types/node', 'node', 'oxfmt', 'oxlint', 'oxlint-tsgolint', 'typescript']);
/** Scripts that the new project has too. */
export const commands: ReadonlySet<string> = new Set([
  'start',
  'openapi',
  'test',
  'test:all',
  'typecheck',
  'lint',
  'format',
]);

/** @param files texts by path */
export function packageFile(
  original: PackageFile,
  { name, description }: { readonly name: string; readonly description: string },
  files: ReadonlyMap<string, string>,
): PackageFile {
  const [inService, anywhere] = [packagesIn(files, /^src\//), packagesIn(files, /^/)];
  const isUsed = (each: string): boolean => {
    const [, typed] = /^@types\/(.+)$/.exec(each) ?? [];
    return anywhere.has(typed ?? each);
  };
  const { dependencies, devDependencies } = original;
  return {
    ...original,
    name,
    version: '0.1.0',
    description,
    scripts: Object.fromEntries(Object.entries(original.scripts).filter(([each]) => commands.has(each))),
    dependencies: only(dependencies, (each) => inService.has(each)),
    devDependencies: only({ ...devDependencies, ...dependencies }, (each) => {
      return tools.has(each) || (isUsed(each) && !(each in dependencies && inService.has(each)));
    }),
  };
}

function only<Value>(all: Readonly<Record<string, Value>>, isWanted: (name: string) => boolean): Record<string, Value> {
  const kept = Object.entries(all).filter(([name]) => isWanted(name));
  return Object.fromEntries(kept.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** Names of packages in the strings of the files: imports, and what is resolved at run time. */
function packagesIn(files: ReadonlyMap<string, string>, where: RegExp): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [path, text] of files) {
    if (!where.test(path)) continue;
    for (const { bare } of parseModule(path, text).statements) {
      for (const name of bare) found.add(/^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? '');
    }
  }
  return found;
}

/** npm takes out of the lock file what package.json does not lead to; all that stays is locked, so it asks nobody. */
export async function writeLock(root: string, folder: string): Promise<void> {
  await cp(join(root, 'package-lock.json'), join(folder, 'package-lock.json'));
  const flags = ['--package-lock-only', '--ignore-scripts', '--offline', '--no-audit', '--no-fund'];
  await promisify(execFile)('npm', ['install', ...flags], { cwd: folder });
}
