import { createServer } from 'node:http';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { downloadRelease } from '../../load/k6/install.ts';
import { releaseFor } from '../../load/k6/releases.ts';
import { resolveK6, type Installer, type ResolveOptions } from '../../load/k6/resolve.ts';
import { isSupportedK6, parseK6Version } from '../../load/k6/version.ts';

let directory: string;
let said: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'k6-resolve-'));
  said = [];
});
afterEach(() => rm(directory, { recursive: true }));

/** A program that answers `version` as k6 does. */
async function k6In(name: string, version: string): Promise<string> {
  await mkdir(join(directory, name), { recursive: true });
  const path = join(directory, name, 'k6');
  await writeFile(path, `#!/bin/sh\necho "k6 v${version} (go1.26.8, linux/amd64)"\n`);
  await chmod(path, 0o755);
  return path;
}

const resolve = (more: Partial<ResolveOptions> = {}, path = '') =>
  resolveK6({
    environment: { PATH: path },
    toolsDirectory: join(directory, 'tools'),
    say: (text) => void said.push(text),
    signal: new AbortController().signal,
    installers: [],
    ...more,
  });

function failing(message: string): Installer {
  return async () => {
    throw new Error(message);
  };
}

const putsK6IntoTools: Installer = async () => void (await k6In('tools', '2.2.0'));

describe('k6 is resolved', () => {
  it('in the order --k6, K6_BIN, .tools/k6, PATH', async () => {
    const flag = await k6In('flag', '1.5.0');
    const variable = await k6In('variable', '1.8.1');
    await k6In('tools', '2.2.0');
    await k6In('path', '2.1.0');
    const path = [join(directory, 'empty'), join(directory, 'path')].join(delimiter);
    const environment = { K6_BIN: variable, PATH: path };
    expect(await resolve({ flag, environment })).toEqual({ source: '--k6', path: flag, version: '1.5.0' });
    expect(await resolve({ environment })).toMatchObject({ source: 'K6_BIN', version: '1.8.1' });
    expect(await resolve({}, path)).toMatchObject({ source: '.tools/k6', version: '2.2.0' });
    await rm(join(directory, 'tools'), { recursive: true });
    expect(await resolve({}, path)).toMatchObject({ source: 'PATH', version: '2.1.0' });
  });

  it('and one that was named must be usable', async () => {
    await k6In('path', '2.1.0');
    const flag = await k6In('old', '1.4.9');
    await expect(resolve({ flag }, join(directory, 'path'))).rejects.toThrow(
      /--k6 names .*old\/k6, which cannot be used: it is k6 1\.4\.9, and at least 1\.5 and below 3 is needed/,
    );
    await expect(resolve({ environment: { K6_BIN: '/nowhere/k6' } })).rejects.toThrow(/K6_BIN names .*ENOENT/);
  });

  it('and one that was only found is passed over when it is too old', async () => {
    await k6In('old', '0.49.0');
    await k6In('new', '2.0.0');
    const found = await resolve({}, [join(directory, 'old'), join(directory, 'new')].join(delimiter));
    expect(found.version).toBe('2.0.0');
    expect(said.join('\n')).toMatch(/passing over .*old\/k6: it is k6 0\.49\.0/);
  });

  it('by installing it, in the second way when the first fails', async () => {
    const k6 = await resolve({
      installers: [
        ['official release', failing('github.com cannot be reached')],
        ['Go build', putsK6IntoTools],
      ],
    });
    expect(k6).toEqual({ source: 'Go build', version: '2.2.0', path: join(directory, 'tools', 'k6') });
    expect(said).toContain('official release: github.com cannot be reached');
  });

  it('or refused with what was tried and what would help', async () => {
    const failure = resolve({ installers: [['Go build', failing('there is no "go" on PATH')]] });
    await expect(failure).rejects.toThrow(/Go build: there is no "go" on PATH[^]*brew install k6[^]*go\.dev[^]*--k6/);
  });

  it('in versions from 1.5 to below 3', () => {
    expect(parseK6Version('k6 v2.2.0 (go1.26.8, linux/amd64)\n')).toBe('2.2.0');
    expect(parseK6Version('k6 v2.3.0-rc1 (commit/1, go1.26)')).toBe('2.3.0-rc1');
    expect(parseK6Version('GNU bash, version 5.2')).toBeUndefined();
    expect(['1.4.2', '1.5.0', '1.10.0', '2.0.0', '2.9.1', '3.0.0'].filter(isSupportedK6)).toEqual([
      '1.5.0',
      '1.10.0',
      '2.0.0',
      '2.9.1',
    ]);
  });
});

describe('the official release', () => {
  it('is known for Linux and macOS, with a digest each', () => {
    const releases = ['linux x64', 'linux arm64', 'darwin x64', 'darwin arm64'].map((name) => {
      const [platform = '', arch = ''] = name.split(' ');
      return releaseFor(platform, arch)!;
    });
    expect(new Set(releases.map(({ sha256 }) => sha256)).size).toBe(4);
    for (const { sha256, url } of releases) {
      expect(sha256).toMatch(/^[\da-f]{64}$/);
      expect(url).toMatch(/^https:\/\/github\.com\/grafana\/k6\/releases\/download\/v2\.2\.0\/k6-v2\.2\.0-/);
    }
    expect(releaseFor('aix', 'ppc64')).toBeUndefined();
  });

  it('is refused, and nothing is left, when its digest is another', async () => {
    const archive = Buffer.from('not the release');
    const server = createServer((_, response) => response.end(archive)).listen(0, '127.0.0.1');
    try {
      await new Promise((listening) => void server.once('listening', listening));
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('not listening on a port');
      const release = { url: `http://127.0.0.1:${address.port}/k6.tar.gz`, sha256: '0'.repeat(64), member: 'k6' };
      const signal = new AbortController().signal;
      const digest = createHash('sha256').update(archive).digest('hex');
      await expect(downloadRelease(join(directory, 'k6'), () => {}, signal, release)).rejects.toThrow(
        new RegExp(`has SHA-256 ${digest} where 0{64} is expected; it was not used`, 'u'),
      );
      expect(await readdir(directory)).toEqual([]);
    } finally {
      server.close();
    }
  });
});
