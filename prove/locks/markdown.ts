import type { Machine } from '../../load/machine.ts';
import type { Row, Section } from './sections.ts';

export interface Evidence {
  readonly command: string;
  readonly date: string;
  readonly machine: Machine;
  readonly elapsedSeconds: number;
  readonly isProved: boolean;
  readonly sections: readonly Section[];
}

/** The evidence for somebody who reads. */
export function markdownOf({ command, date, machine, elapsedSeconds, isProved, sections }: Evidence): string {
  const { cpu, cores, memoryGb, platform, node } = machine;
  const head = [
    '# Locks',
    `\`${command}\`, ${date}, ${elapsedSeconds} s: **${isProved ? 'proved' : 'refuted'}**.`,
    `${cpu}, ${cores} cores, ${memoryGb} GB, ${platform}, Node ${node}.`,
  ];
  return `${[...head, ...sections.map(sectionOf)].join('\n\n')}\n`;
}

function sectionOf({ title, explanation, rows, failures }: Section): string {
  const failed = failures.map((failure) => `- **${failure}**`).join('\n');
  return [`## ${title}`, explanation, tableOf(rows), failed].filter((part) => part !== '').join('\n\n');
}

function tableOf(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {});
  return [
    line(columns),
    line(columns.map(() => '---')),
    ...rows.map((row) => line(columns.map((name) => row[name]))),
  ].join('\n');
}

function line(cells: readonly unknown[]): string {
  return `| ${cells.join(' | ')} |`;
}
