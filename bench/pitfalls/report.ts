/** What the terminal shows. Pure: findings in, text out. */
import { styleText } from 'node:util';
import Table from 'cli-table3';
import type { Pitfall } from '../../src/pitfalls/pitfall.ts';
import { busyText, figureText, isShown, ratioText, type Findings, type LabRun } from './findings.ts';
import { marked, type DiffLine } from './lesson.ts';

const HEAD = ['', 'broken', 'fixed', 'ratio'];
const WIDTHS = [46, 13, 13, 12];
const LINE = 86;

/** All pitfalls in one table: under each symptom its figures. */
export function summaryTable(pitfalls: readonly Pitfall[], all: readonly Findings[]): string {
  const table = emptyTable();
  for (const findings of all) {
    const { symptom } = pitfalls.find(({ name }) => name === findings.pitfall)!;
    const heading = `${styleText('bold', findings.pitfall)}: ${symptom}`;
    table.push([{ colSpan: HEAD.length, content: heading }], ...rowsOf(findings), [
      { colSpan: HEAD.length, content: '' },
    ]);
  }
  return table.toString();
}

/** One pitfall in full: the symptom, why it happens, the difference in code and in figures, and where the fix is at work. */
export function explanation(
  { title, symptom, why, fix, setting, embodied }: Pitfall,
  findings: Findings,
  lesson: readonly DiffLine[],
): string {
  const table = emptyTable();
  table.push(...rowsOf(findings));
  return [
    styleText('bold', title),
    paragraph('Symptom', symptom),
    paragraph('Why', why),
    paragraph('Fix', fix),
    lesson.map(coloured).join('\n'),
    paragraph('Measured', setting),
    table.toString(),
    paragraph('In the service', `${embodied.path}: ${embodied.how}.`),
  ].join('\n\n');
}

/** What a reader must not conclude. */
export function caveat(run: LabRun): string {
  const unseen = run.pitfalls.filter((findings) => !isShown(findings)).map(({ pitfall }) => pitfall);
  return [
    unseen.length === 0 ? '' : `NOT SHOWN. In this run the broken version was no worse: ${unseen.join(', ')}.`,
    busyText(run),
    `Medians of ${run.rounds} short ${run.rounds === 1 ? 'run' : 'runs'} per version. The ratio says how many times worse the broken one is; "gone": the fix leaves nothing. ` +
      'Counts are exact; milliseconds and rates are of this machine at this moment: take nothing below a factor of 1.5 for a difference.',
  ]
    .filter((text) => text !== '')
    .map(wrapped)
    .join('\n');
}

function emptyTable(): Table.Table {
  return new Table({
    head: HEAD,
    colAligns: ['left', 'right', 'right', 'right'],
    colWidths: WIDTHS,
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  });
}

function rowsOf({ findings }: Findings): Table.HorizontalTableRow[] {
  return findings.map((finding) => [
    finding.name,
    figureText(finding, 'broken'),
    figureText(finding, 'fixed'),
    ratioText(finding),
  ]);
}

function coloured(line: DiffLine): string {
  const text = `  ${marked(line)}`;
  return line.kind === 'same' ? text : styleText(line.kind === 'broken' ? 'red' : 'green', text);
}

function paragraph(heading: string, text: string): string {
  return `${styleText('bold', heading)}\n${wrapped(text)}`;
}

function wrapped(text: string): string {
  return text.replaceAll(new RegExp(`(.{1,${LINE}})(?:\\s+|$)`, 'gu'), '$1\n').trimEnd();
}
