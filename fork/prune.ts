/** A file without the statements and imports that nothing reaches. */
import { elementOf, linesOf, type Span, without } from './cut.ts';
import type { Module } from './module.ts';
import type { Reach } from './reach.ts';

export function pruned(module: Module, reach: Reach): string {
  const kept = reach.statements.get(module.path)!;
  const imports = reach.imports.get(module.path)!;
  const spans = module.statements.flatMap((statement): Span[] => {
    const { node } = statement;
    if (node.type !== 'ImportDeclaration') return kept.has(statement) ? [] : [linesOf(module, node)];
    const unused = node.specifiers.filter(({ local }) => !imports.has(local.name));
    if (unused.length === 0) return [];
    if (unused.length === node.specifiers.length) return [wholeLine(module.text, node)];
    return unused.map((specifier) => elementOf(module.text, specifier));
  });
  return without(module.text, spans);
}

/** Without comments above: those are the file's. */
function wholeLine(text: string, { start, end }: Span): Span {
  return { start, end: text[end] === '\n' ? end + 1 : end };
}
