/**
 * Whoever forks this keeps one strategy and deletes the others by hand: the folder, that of its tests, and its lines in the
 * registry. What is left must still pass. `DELETION_TESTS=all` runs the whole remaining suite instead of what reads the registry.
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { strategies } from '../src/strategies/index.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name: string): string => join(root, 'node_modules/.bin', name);

/** Tests that read the registry. All others are loaded, and so find what they import; of the contracts one is run. */
const affected = [
  'test/settings.test.ts',
  'test/readme.test.ts',
  'test/contracts/config.test.ts',
  'test/load/plan.test.ts',
  'test/pitfalls/mistakes.test.ts',
  'test/http/openapi.test.ts',
];
const suite = process.env['DELETION_TESTS'] === 'all' ? ['--exclude', 'test/deletion.test.ts'] : affected;

/** Copies the project as git sees it, uncommitted changes included. */
async function copyProject(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'shared-state-deletion-'));
  const { stdout } = await run('git', ['ls-files', '-coz', '--exclude-standard'], { cwd: root, maxBuffer: 2 ** 24 });
  for (const path of stdout.split('\0').filter((name) => name !== '')) {
    await cp(join(root, path), join(directory, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error; // deleted here, not yet in git
    });
  }
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'));
  return directory;
}

/** What a person would do: remove the folders, then the import and the entry of the registry. */
async function deleteStrategy(directory: string, name: string): Promise<void> {
  const registry = join(directory, 'src/strategies/index.ts');
  const source = await readFile(registry, 'utf8');
  const imported = new RegExp(`^import \\{ (\\w+) \\} from './${name}/index\\.ts';\\n`, 'm').exec(source);
  const entry = imported![1]!;
  const rest = source.replace(imported![0], '').replace(new RegExp(`^  ${entry},.*\\n`, 'm'), '');
  expect(rest).not.toMatch(new RegExp(`\\b${entry}\\b`));
  await writeFile(registry, rest);
  await rm(join(dirname(registry), name), { recursive: true });
  await rm(join(directory, 'test/strategies', name), { recursive: true, force: true });
}

it.for(strategies)(
  'without $name the rest passes type check, lint and tests',
  { timeout: 600_000 },
  async ({ name }) => {
    const directory = await copyProject();
    try {
      await deleteStrategy(directory, name);
      const options = { cwd: directory, maxBuffer: 2 ** 24, env: { ...process.env, CI: 'true' } };
      await Promise.all([
        run(bin('tsc'), [], options),
        run(bin('oxlint'), ['--type-aware', '--deny-warnings'], options),
        run(bin('oxfmt'), ['--check'], options),
      ]);
      await run(bin('vitest'), ['list', '--no-static-parse'], options);
      await run(bin('vitest'), ['run', '--project', 'change', ...suite], options);
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`without ${name}: ${String(error)}\n${stdout.slice(-4000)}\n${stderr.slice(-2000)}`, {
        cause: error,
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  },
);
