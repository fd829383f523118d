/** The evidence: each section with the command, the date and the machine that it is from, so that one can be renewed. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { describeMachine, type Machine } from '../../load/machine.ts';
import type { Row, Section } from './sections.ts';

interface Proved extends Section {
  readonly command: string;
  readonly date: string;
  readonly elapsedSeconds: number;
  /** Processes that wanted a core, on average, in the minute before: more than cores are a shared machine. */
  readonly loadBefore: number;
  readonly machine: Machine;
}

const FOLDER = new URL('../../docs/evidence/', import.meta.url);
const JSON_FILE = new URL('locks.json', FOLDER);

/** Notes when a section begins. @returns what adds where it is from to the section, once it is done */
export function beginSection(command: string): (section: Section) => Proved {
  const startedMs = performance.now();
  const loadBefore = Math.round(loadavg()[0]! * 10) / 10;
  return (section) => ({
    ...section,
    command,
    date: new Date().toISOString(),
    elapsedSeconds: Math.round((performance.now() - startedMs) / 1_000),
    loadBefore,
    machine: describeMachine(),
  });
}

/** Puts sections in the place of those of the same title, in the order of `titles`. */
export function writeEvidence(fresh: readonly Proved[], titles: readonly string[]): void {
  const known = existsSync(JSON_FILE) ? (JSON.parse(readFileSync(JSON_FILE, 'utf8')) as readonly Proved[]) : [];
  const sections = titles.flatMap((title) => [...fresh, ...known].find((section) => section.title === title) ?? []);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(JSON_FILE, `${JSON.stringify(sections, undefined, 2)}\n`);
  writeFileSync(new URL('locks.md', FOLDER), `${['# Locks', ...sections.map(sectionOf)].join('\n\n')}\n`);
}

function sectionOf({ title, explanation, rows, failures, command, date, elapsedSeconds, ...where }: Proved): string {
  const { cpu, cores, memoryGb, platform, node } = where.machine;
  const verdict = failures.length === 0 ? 'proved' : 'refuted';
  const from = [
    `\`${command}\`, ${date}, ${elapsedSeconds} s: **${verdict}**.`,
    `${cpu}, ${cores} cores, ${memoryGb} GB, ${platform}, Node ${node}; load before: ${where.loadBefore}.`,
  ];
  const failed = failures.map((failure) => `- **${failure}**`).join('\n');
  return [`## ${title}`, from.join('  \n'), explanation, tableOf(rows), failed]
    .filter((part) => part !== '')
    .join('\n\n');
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
