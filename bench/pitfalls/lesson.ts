/** The difference between a broken version and its fix, line by line. */
import { readFileSync } from 'node:fs';
import { diff } from 'node:util';

export interface DiffLine {
  readonly kind: 'same' | 'broken' | 'fixed';
  readonly text: string;
}

const MARKS = { same: ' ', broken: '-', fixed: '+' } as const;
const folder = new URL('../../src/pitfalls/', import.meta.url);

/** The lines of broken.ts and fixed.ts, without their imports. */
export function lessonOf(pitfall: string): DiffLine[] {
  const [broken, fixed] = [linesOf(pitfall, 'broken'), linesOf(pitfall, 'fixed')];
  return diff(broken, fixed).map(([side, text]) => ({
    kind: side === 0 ? 'same' : side > 0 ? 'broken' : 'fixed',
    text,
  }));
}

/** A line as `diff` marks it. */
export function marked({ kind, text }: DiffLine): string {
  return `${MARKS[kind]} ${text}`.trimEnd();
}

function linesOf(pitfall: string, version: string): string[] {
  const source = readFileSync(new URL(`${pitfall}/${version}.ts`, folder), 'utf8');
  return source
    .replaceAll(/^import .*;\n/gmu, '')
    .trimEnd()
    .split('\n');
}
