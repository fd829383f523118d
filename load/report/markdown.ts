/** The report as Markdown, for a terminal or a pull request. */
import { limitsOf } from '../limits.ts';
import type { Results } from '../results-file.ts';
import type { Analysis } from '../statistics/analysis.ts';
import { conclusionsOf } from './conclusions.ts';
import { costTables } from './cost-tables.ts';
import { factsOf } from './facts.ts';
import { pairTables } from './pair-tables.ts';
import type { PlotSection } from './plots/index.ts';
import { verdictTables, type VerdictTable } from './verdict-table.ts';

export function markdownReport(results: Results, analysis: Analysis, sections: readonly PlotSection[]): string {
  const conclusions = conclusionsOf(analysis);
  const answers = conclusions.filter(({ kind }) => kind === 'Answer' || kind === 'Trial' || kind === 'Sweep');
  const others = conclusions.filter((conclusion) => !answers.includes(conclusion));
  return [
    '# Comparison',
    '## The answer',
    ...answers.map(({ text }) => `- ${boldFirst(text)}`),
    ...others.map(({ kind, text }) => `- ${kind}. ${text}`),
    '## What it cannot claim',
    ...limitsOf(results).map((text) => `- ${text}`),
    ...plotLines(sections.filter(({ leads }) => leads)),
    '## The verdict',
    ...verdictTables(results, analysis).map(tableSection),
    ...[...costTables(results), ...pairTables(results, analysis)].flatMap((table) => [
      `### ${table.title}`,
      table.caption,
      markdownTable(table),
    ]),
    ...plotLines(sections.filter(({ leads }) => !leads)),
    '## How it was measured',
    ...factsOf(results).map(([name, text]) => `- ${name}: ${name === 'Command' ? `\`${text}\`` : text}`),
    '',
  ]
    .join('\n\n')
    .replaceAll(/\n\n(?=- )/gu, '\n')
    .replaceAll(/^(#.*)\n(?=- )/gmu, '$1\n\n');
}

function plotLines(sections: readonly PlotSection[]): string[] {
  return sections.flatMap(({ title, plots }) => [
    `## ${title}`,
    ...plots.map(({ name, title: plot, caption }) => `![${plot}](plots/${name}.svg)\n\n${caption}`),
  ]);
}

function boldFirst(text: string): string {
  return text.replace(/^([^.]+?): (.+?)\. /u, '**$1: $2.** ');
}

function tableSection({ workload, caption, notes, ...table }: VerdictTable): string {
  return [
    `### ${workload.name}: ${workload.summary}`,
    caption,
    markdownTable(table),
    ...notes.map((note) => `- ${note}`),
  ].join('\n\n');
}

export function markdownTable({ head, rows }: Pick<VerdictTable, 'head' | 'rows'>): string {
  return [
    `| ${head.join(' | ')} |`,
    `|${head.map((_, index) => (index === 0 ? '---' : '---:')).join('|')}|`,
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
  ].join('\n');
}
