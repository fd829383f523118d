/** What the comparison shares with the tests, and where it goes when there is no comparison any more. */
import { posix } from 'node:path';
import type { Module } from './module.ts';
import { resolved, type Sources } from './sources.ts';

export const moved: ReadonlyMap<string, string> = new Map(
  ['child-process', 'errors', 'redis-server', 'service'].map((name) => [
    `load/${name}.ts`,
    `test/processes/${name}.ts`,
  ]),
);

/** A file as it is at its new place: relative paths lead to where the others are now. */
export function withMovedPaths({ path, text, statements }: Module, sources: Sources): string {
  const here = moved.get(path) ?? path;
  let rest = text;
  const literals = statements.flatMap(({ paths }) => paths);
  for (const { value, start, end } of literals.toSorted((one, other) => other.start - one.start)) {
    const target = resolved(path, value);
    const there = moved.get(target) ?? target;
    if (sources.kindOf(target) === undefined || (there === target && here === path)) continue;
    const relative = posix.relative(posix.dirname(here), there);
    rest = `${rest.slice(0, start)}'${relative.startsWith('.') ? relative : `./${relative}`}'${rest.slice(end)}`;
  }
  return rest;
}
