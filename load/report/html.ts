/** The report as one page that needs nothing else: no script, no network, no font. The answer comes first. */
import { limitsOf } from '../limits.ts';
import type { Results } from '../results-file.ts';
import type { Analysis } from '../statistics/analysis.ts';
import { escaped, type Plot } from './chart.ts';
import { conclusionsOf } from './conclusions.ts';
import { costTables, type CostTable } from './cost-tables.ts';
import { factsOf } from './facts.ts';
import { pairTables } from './pair-tables.ts';
import type { PlotSection } from './plots/index.ts';
import { style } from './style.ts';
import { verdictTables, type VerdictTable } from './verdict-table.ts';

/** @param mistakes relative address of the pitfall lab's page, when there is one to link to */
export function htmlReport(
  results: Results,
  analysis: Analysis,
  sections: readonly PlotSection[],
  mistakes?: string,
): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Comparison of ${escaped(results.startedAt.slice(0, 16).replace('T', ' '))}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>How should threads share state?</h1>
<p class="muted">${escaped(subtitle(results))}</p>
</header>
<main>
${answerSection(results, analysis)}
${sections
  .filter(({ leads }) => leads)
  .map(plotSection)
  .join('\n')}
<section><h2>The verdict</h2>
${verdictTables(results, analysis).map(tableHtml).join('\n')}
</section>
${tableSection('The cost', costTables(results))}
${tableSection('Every pair', pairTables(results, analysis))}
${sections
  .filter(({ leads }) => !leads)
  .map(plotSection)
  .join('\n')}
${factSection(results, sections, mistakes)}
</main>
</body>
</html>
`;
}

function subtitle({ status, rounds, profile, origin, machine, startedAt }: Results): string {
  const stopped = status === 'complete' ? '' : ' Stopped before its end: what is missing is not shown.';
  return `${profile} comparison, ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, origin ${origin}, ${machine.cores} cores, ${startedAt.slice(0, 10)}.${stopped}`;
}

function answerSection(results: Results, analysis: Analysis): string {
  const others = conclusionsOf(analysis).filter(({ kind }) => kind !== 'Answer');
  const alarming = others.filter(({ kind, text }) => kind === 'FAILED' || text.includes('VOID'));
  const calm = others.filter((conclusion) => !alarming.includes(conclusion));
  return `<section><h2>The answer</h2>
${alarming.map(({ kind, text }) => `<p class="alarm"><strong>${kind}.</strong> ${escaped(text)}</p>`).join('\n')}
<div class="answers">
${analysis.answers
  .map(
    ({ workload, headline, evidence }) => `<article class="answer"><h3>${escaped(workload)}</h3>
<p class="muted">${escaped(results.workloads.find(({ name }) => name === workload)?.summary ?? '')}</p>
<p class="headline">${escaped(headline)}</p>${list(evidence)}</article>`,
  )
  .join('\n')}
</div>
${calm.map(({ kind, text }) => `<p><strong>${kind}.</strong> ${escaped(text)}</p>`).join('\n')}
<h3>What it cannot claim</h3>
<ul class="plain">${limitsOf(results)
    .map((text) => `<li>${escaped(text)}</li>`)
    .join('')}</ul>
</section>`;
}

function list(items: readonly string[]): string {
  return items.length === 0 ? '' : `<ul>${items.map((item) => `<li>${escaped(item)}</li>`).join('')}</ul>`;
}

function tableSection(heading: string, tables: readonly CostTable[]): string {
  if (tables.length === 0) return '';
  const each = tables.map(
    ({ title, caption, ...table }) =>
      `<h3>${escaped(title)}</h3>\n<p class="caption">${escaped(caption)}</p>\n${figuresHtml(table)}`,
  );
  return `<section><h2>${heading}</h2>\n${each.join('\n')}\n</section>`;
}

function figuresHtml({ head, rows }: Pick<CostTable, 'head' | 'rows'>): string {
  return `<div class="scroll" tabindex="0"><table>
<thead><tr>${head.map((title) => `<th scope="col">${escaped(title)}</th>`).join('')}</tr></thead>
<tbody>
${rows.map((cells) => `<tr>${cells.map(cellHtml).join('')}</tr>`).join('\n')}
</tbody></table></div>`;
}

function tableHtml({ workload, caption, notes, ...table }: VerdictTable): string {
  return `<h3>${escaped(workload.name)}</h3>
<p class="caption">${escaped(`${workload.summary}. ${caption}`)}</p>
${figuresHtml(table)}
${notes.length === 0 ? '' : `<ul class="plain muted">${notes.map((note) => `<li>${escaped(note)}</li>`).join('')}</ul>`}`;
}

/** An interval goes below its figure, so that columns of figures can be read downwards. */
function cellHtml(text: string, index: number): string {
  if (index === 0) return `<th scope="row">${escaped(text)}</th>`;
  const [, value, interval] = /^(.*\S) (\[[^\]]+\])$/u.exec(text) ?? [];
  if (value === undefined) return `<td>${escaped(text)}</td>`;
  return `<td><span>${escaped(value)}</span> <span class="interval">${escaped(interval!)}</span></td>`;
}

function plotSection({ title, plots }: PlotSection): string {
  return `<section><h2>${escaped(title)}</h2>
<div class="plots">
${plots.map(figure).join('\n')}
</div></section>`;
}

function figure({ title, caption, svg }: Plot): string {
  const labelled = svg.replace('<svg role="img"', `<svg role="img" aria-label="${escaped(title)}"`);
  return `<figure><b>${escaped(title)}</b>${labelled}<figcaption>${escaped(caption)}</figcaption></figure>`;
}

function factSection(results: Results, sections: readonly PlotSection[], mistakes: string | undefined): string {
  const plots = sections.flatMap((section) => section.plots);
  const links = plots.map(({ name }) => `<a href="plots/${name}.svg">${name}.svg</a>`).join(', ');
  return `<section><h2>How it was measured</h2>
<div class="scroll"><table class="facts"><tbody>
${factsOf(results)
  .map(
    ([name, text]) =>
      `<tr><th scope="row">${escaped(name)}</th><td>${name === 'Command' ? `<code>${escaped(text)}</code>` : escaped(text)}</td></tr>`,
  )
  .join('\n')}
<tr><th scope="row">Raw data</th><td><a href="results.json">results.json</a>, <a href="results.md">results.md</a>${plots.length === 0 ? '' : `; plots: ${links}`}</td></tr>
${mistakes === undefined ? '' : `<tr><th scope="row">Mistakes</th><td><a href="${escaped(mistakes)}">What people do wrong with these patterns, measured</a></td></tr>`}
</tbody></table></div>
</section>`;
}
