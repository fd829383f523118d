/** Takes parts out of a source text, with the comments that stand right above them, and leaves the rest as it is. */
import type { Module } from './module.ts';

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Spans may lie within each other. */
export function without(text: string, spans: readonly Span[]): string {
  let rest = '';
  let at = 0;
  for (const { start, end } of spans.toSorted((one, other) => one.start - other.start || other.end - one.end)) {
    if (end <= at) continue;
    rest += text.slice(at, Math.max(at, start));
    at = end;
  }
  return (rest + text.slice(at)).replaceAll(/\n{3,}/g, '\n\n');
}

/** A node's lines: from the comments right above it to the end of its line, where it has its lines to itself. */
export function linesOf({ text, comments }: Module, { start, end }: Span): Span {
  let from = start;
  for (const comment of comments.toReversed()) {
    if (comment.end <= from && /^[^\S\n]*(?:\n[^\S\n]*)?$/.test(text.slice(comment.end, from))) {
      if (isAfterCode(text, comment.start)) break; // it belongs to the line before
      from = comment.start;
    }
  }
  const lineStart = text.lastIndexOf('\n', from - 1) + 1;
  const isFirst = text.slice(lineStart, from).trim() === '';
  const after = /^[,;]?[^\S\n]*(?:\/\/[^\n]*)?\n?/.exec(text.slice(end))![0];
  return isFirst && after.endsWith('\n') ? { start: lineStart, end: end + after.length } : { start: from, end };
}

function isAfterCode(text: string, at: number): boolean {
  return text.slice(text.lastIndexOf('\n', at - 1) + 1, at).trim() !== '';
}

/** An element of a list within a line, with a separator: of a union, the one before it, which may lead the first. */
export function elementOf(text: string, { start, end }: Span): Span {
  const bar = /\s*[|&]\s*$/.exec(text.slice(0, start));
  if (bar !== null) return { start: start - bar[0].length, end };
  const after = /^\s*[,|&]\s*/.exec(text.slice(end));
  if (after !== null) return { start, end: end + after[0].length };
  const comma = /\s*,\s*$/.exec(text.slice(0, start));
  return { start: start - (comma?.[0].length ?? 0), end };
}
