/** The settings that the service still reads. */
import { withoutMentions } from './mentions.ts';
import { children, type Syntax } from './module.ts';
import type { Reach } from './reach.ts';
import type { Sources } from './sources.ts';

/**
 * @param path of the file with the schema of the settings
 * @returns its text without those that nothing mentions, and the names of the others
 */
export function withoutUnusedSettings(
  path: string,
  sources: Sources,
  service: Reach,
): { readonly text: string; readonly kept: ReadonlySet<string>; readonly unused: readonly string[] } {
  const module = sources.module(path);
  const schema = module.statements.find(({ declares }) => declares.includes('schema'))!;
  const all = namesIn(schema.node).filter((name) => /^[A-Z][A-Z_]+$/.test(name));
  const mentioned = new Set<string>();
  for (const statements of service.statements.values()) {
    for (const statement of statements) {
      if (statement !== schema) for (const name of namesIn(statement.node)) mentioned.add(name);
    }
  }
  const settings = all.filter((name) => new RegExp(`^  ${name}: `, 'm').test(module.text));
  const unused = settings.filter((name) => !mentioned.has(name));
  return {
    text: unused.length === 0 ? module.text : withoutMentions(path, module.text, unused),
    unused,
    kept: new Set(settings.filter((name) => mentioned.has(name))),
  };
}

function namesIn(node: Syntax): string[] {
  const own = node.type === 'Identifier' ? [node.name] : [];
  return [...own, ...children(node).flatMap(({ child }) => namesIn(child))];
}
