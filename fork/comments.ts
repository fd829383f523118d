/** Comments without what only this project has: commands that are not there, pages, other strategies as examples. */
import { type Span, without } from './cut.ts';
import { parseModule, type Module } from './module.ts';

export interface Known {
  /** What `npm run` knows. */
  readonly commands: ReadonlySet<string>;
  readonly otherStrategies: readonly string[];
  /** A cell that is there, as in `sharded/counters`. */
  readonly cell: string;
}

export function withoutLostComments(module: Module, { commands, otherStrategies, cell }: Known): string {
  const { path, text, comments } = module;
  const spans = comments.flatMap(({ start, end }): Span[] => {
    const named = text.slice(start, end).matchAll(/npm run (?:-s )?([\w:]+)/g);
    const isLost = Array.from(named).some(([, command]) => !commands.has(command!));
    return isLost ? [{ start, end: text[end] === '\n' ? end + 1 : end }] : [];
  });
  const example = new RegExp(`\\b(?:${otherStrategies.join('|')})/(?:counters|cache|connections|config)\\b`, 'g');
  return inComments(parseModule(path, without(text, spans)), (comment) =>
    comment
      .replaceAll(example, cell)
      // The README says which project that is.
      .replaceAll(/`?docs\/decisions\/(\d{4})[\w-]*(?:\.md)?`?/g, "decision $1 of the project's origin")
      .replaceAll(/`?docs\/decisions\/`? has/g, "The decisions of the project's origin have"),
  );
}

function inComments({ text, comments }: Module, change: (comment: string) => string): string {
  let rest = '';
  let at = 0;
  for (const { start, end } of comments) {
    rest += text.slice(at, start) + change(text.slice(start, end));
    at = end;
  }
  return rest + text.slice(at);
}
