/** Writes the report beside its results: the page, the Markdown, the plots. */
import { glob, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Results } from '../results-file.ts';
import type { Analysis } from '../statistics/analysis.ts';
import { standaloneSvg } from './chart.ts';
import { htmlReport } from './html.ts';
import { markdownReport } from './markdown.ts';
import { plotSections } from './plots/index.ts';

/** @returns the path of the page */
export async function writeReport(directory: string, results: Results, analysis: Analysis): Promise<string> {
  const sections = plotSections(results, analysis);
  const plotDirectory = join(directory, 'plots');
  await rm(plotDirectory, { recursive: true, force: true });
  await mkdir(plotDirectory, { recursive: true });
  for (const plot of sections.flatMap(({ plots }) => plots)) {
    await writeFile(join(plotDirectory, `${plot.name}.svg`), standaloneSvg(plot));
  }
  await writeFile(join(directory, 'results.md'), markdownReport(results, analysis, sections));
  const page = join(directory, 'report.html');
  await writeFile(page, htmlReport(results, analysis, sections, await lastMistakes(directory)));
  return page;
}

/** The newest page of the pitfall lab, which is in pitfalls/ beside the comparisons; undefined while there is none. */
async function lastMistakes(directory: string): Promise<string | undefined> {
  const pages = await Array.fromAsync(glob('pitfalls/*/pitfalls.html', { cwd: join(directory, '..') }));
  const last = pages.toSorted().at(-1);
  return last === undefined ? undefined : `../${last.replaceAll(sep, '/')}`;
}
