import { execFileSync } from 'node:child_process';
import { access, mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openBuild } from '../../load/against/other-build.ts';

const manifest = { name: 'tried', version: '1.0.0' };
const lock = { ...manifest, lockfileVersion: 3, requires: true, packages: { '': manifest } };

/** A repository of one commit, with no packages to install. */
async function repositoryIn(directory: string): Promise<void> {
  await writeFile(join(directory, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(directory, 'package-lock.json'), JSON.stringify(lock));
  const git = (...args: string[]) => execFileSync('git', args, { cwd: directory, stdio: 'pipe' });
  git('init', '--quiet', '--initial-branch', 'main');
  git('add', '.');
  git('-c', 'user.name=t', '-c', 'user.email=t@example.org', 'commit', '--quiet', '--message', 'one');
}

const open = (root: string, given: string, signal = new AbortController().signal) =>
  openBuild(given, { root, say: () => {}, signal });

describe('the build that --against names', () => {
  it('is checked out beside this one, and removed afterwards', async () => {
    await using root = await mkdtempDisposable(join(tmpdir(), 'against-'));
    await repositoryIn(root.path);
    let path: string;
    {
      await using build = await open(root.path, 'main');
      path = build.directory;
      expect(build.description).toMatch(/^main \([0-9a-f]{10}\)$/u);
      await access(join(path, 'package.json'));
    }
    await expect(access(path)).rejects.toThrow();
    const worktrees = execFileSync('git', ['worktree', 'list'], { cwd: root.path, encoding: 'utf8' });
    expect(worktrees.trim().split('\n')).toHaveLength(1);
  });

  it('is removed when the run is interrupted while it is made ready', async () => {
    await using root = await mkdtempDisposable(join(tmpdir(), 'against-'));
    await repositoryIn(root.path);
    const controller = new AbortController();
    const opening = openBuild('HEAD', {
      root: root.path,
      say: (text) => {
        if (text.startsWith('installing')) controller.abort(new Error('interrupted'));
      },
      signal: controller.signal,
    });
    await expect(opening).rejects.toThrow('interrupted');
    const worktrees = execFileSync('git', ['worktree', 'list'], { cwd: root.path, encoding: 'utf8' });
    expect(worktrees.trim().split('\n')).toHaveLength(1);
  });

  it('may be a directory, which is left as it is', async () => {
    await using root = await mkdtempDisposable(join(tmpdir(), 'against-'));
    const other = join(root.path, 'other');
    await mkdir(join(other, 'node_modules'), { recursive: true });
    await writeFile(join(other, 'package.json'), JSON.stringify(manifest));
    {
      await using build = await open(root.path, other);
      expect(build).toMatchObject({ directory: other, node: process.execPath, description: other });
    }
    await access(join(other, 'package.json'));
  });

  it.each(['nothing-of-that-name', '--upload-pack=x', ''])('is refused as %j', async (given) => {
    await using root = await mkdtempDisposable(join(tmpdir(), 'against-'));
    await repositoryIn(root.path);
    await mkdir(join(root.path, 'empty'));
    await expect(open(join(root.path, 'empty'), given)).rejects.toThrow(/must be a git ref, or the directory/u);
  });

  it('says that a directory has no packages', async () => {
    await using root = await mkdtempDisposable(join(tmpdir(), 'against-'));
    await writeFile(join(root.path, 'package.json'), JSON.stringify(manifest));
    await expect(open(tmpdir(), root.path)).rejects.toThrow('run npm ci there first');
  });
});
