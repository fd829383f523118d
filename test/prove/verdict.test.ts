import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { conclude } from '../../prove/verdict.ts';

let folder: string;
let evidence: URL;

beforeEach(async () => {
  vi.spyOn(console, 'log').mockImplementation(() => {});
  folder = await mkdtemp(join(tmpdir(), 'shared-state-evidence-'));
  evidence = pathToFileURL(join(folder, 'page.md'));
  await writeFile(evidence, 'what was proved before');
});

afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

it('writes what is proved, the verdict first', async () => {
  const code = await conclude(
    { title: 'A proof', verdict: 'proved', because: 'it holds.', body: 'Figures.' },
    evidence,
  );
  expect(code).toBe(0);
  expect(await readFile(evidence, 'utf8')).toBe('# A proof\n\n**PROVED**: it holds.\n\nFigures.\n');
});

it.for([
  ['refuted', 1],
  ['void', 3],
] as const)('leaves the evidence as it is when %s', async ([verdict, exitCode]) => {
  const code = await conclude({ title: 'A proof', verdict, because: 'of this.', body: 'Figures.' }, evidence);
  expect(code).toBe(exitCode);
  expect(await readFile(evidence, 'utf8')).toBe('what was proved before');
  expect(vi.mocked(console.log).mock.calls.join()).toContain(`**${verdict.toUpperCase()}**: of this.`);
});
