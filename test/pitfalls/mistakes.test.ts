/** docs/mistakes.md and the page of a run, from the committed run. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isShown } from '../../bench/pitfalls/findings.ts';
import { pitfallsPage } from '../../bench/pitfalls/page.ts';
import { committedRun, filledMistakes } from '../../docs/mistakes.ts';
import { pitfalls } from '../../src/pitfalls/index.ts';
import { anyStrategy, isServed } from '../support/served.ts';

const docs = new URL('../../docs/', import.meta.url);
const mistakes = readFileSync(new URL('mistakes.md', docs), 'utf8');
const run = committedRun();

describe('docs/mistakes.md', () => {
  it('has the words and the code of the lab, and the committed figures', () => {
    expect(filledMistakes(mistakes, run)).toBe(mistakes);
    for (const { name, title } of pitfalls) {
      expect(mistakes).toContain(`### ${title}`);
      expect(mistakes).toContain(`<!-- pitfall:${name} -->`);
    }
  });

  it('shows every symptom in the committed run', () => {
    expect(run.status).toBe('complete');
    expect(run.pitfalls.map(({ pitfall }) => pitfall)).toEqual(pitfalls.map(({ name }) => name));
    expect(run.pitfalls.filter((findings) => !isShown(findings))).toEqual([]);
  });

  it('links only to files that are there', () => {
    const links = [...mistakes.matchAll(/\]\(([^)#h][^)#]*)/g)].map(([, path]) => path!);
    const kept = links.filter((path) => isServed(/strategies\/([^/]+)\/./.exec(path)?.[1] ?? anyStrategy.name));
    expect(kept.length).toBeGreaterThan(pitfalls.length);
    expect(kept.filter((path) => !existsSync(new URL(path, docs)))).toEqual([]);
  });

  it('can be read in a quarter of an hour', () => {
    const lines = mistakes.split('\n').filter((line) => !/^(?:<|\|)/u.test(line));
    const words = lines
      .join(' ')
      .split(/\s+/)
      .filter((word) => /\w{2}/.test(word));
    expect(words.length).toBeLessThan(15 * 200); // words a minute, code included; figures come and go
  });
});

describe('the page of a run', () => {
  const page = pitfallsPage(run, pitfalls);

  it('needs nothing from elsewhere, and has both colour schemes', () => {
    expect(page).not.toMatch(/<script|<link|<img|url\(|@import|src=/);
    expect(page).toContain('color-scheme: light dark');
  });

  it('shows code as text', () => {
    expect(page).toContain('Promise&lt;boolean&gt;');
    expect(page).not.toContain('Promise<');
  });

  it('says when other work used the machine', () => {
    const said = /Other work used this machine \(load 9 on \d+ cores\)/;
    const { machine } = run;
    expect(pitfallsPage({ ...run, loadAverage: 9, machine: { ...machine, cores: 2 } }, pitfalls)).toMatch(said);
    expect(pitfallsPage({ ...run, loadAverage: 9, machine: { ...machine, cores: 16 } }, pitfalls)).not.toMatch(said);
  });

  it('says which symptom a run did not show', () => {
    expect(page).not.toContain('was no worse');
    const [first, ...others] = run.pitfalls;
    const even = first!.findings.map((finding) => Object.assign({}, finding, { broken: finding.fixed }));
    const noisy = { ...run, pitfalls: [{ pitfall: first!.pitfall, findings: even }, ...others] };
    expect(pitfallsPage(noisy, pitfalls)).toContain('In this run the broken version was no worse than its fix.');
  });
});
