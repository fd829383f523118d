/** Takes out of a file whatever mentions a name: the smallest entry, member, element or statement around it. */
import { elementOf, linesOf, type Span, without } from './cut.ts';
import { children, parseModule, type Module, type Syntax } from './module.ts';

/** Lists from which one can be taken without the rest becoming something else. */
const lists: Readonly<Record<string, string>> = {
  Program: 'body',
  BlockStatement: 'body',
  FunctionBody: 'body',
  ClassBody: 'body',
  ObjectExpression: 'properties',
  ObjectPattern: 'properties',
  ArrayExpression: 'elements',
  ArrayPattern: 'elements',
  TSInterfaceBody: 'body',
  TSTypeLiteral: 'members',
  TSUnionType: 'types',
  TSIntersectionType: 'types',
  TSInterfaceDeclaration: 'extends',
};

/**
 * @param names of identifiers, or whole strings
 * @throws {Error} one is not there: the file has changed, and what is to go with it must be found again
 */
export function withoutMentions(path: string, text: string, names: readonly string[]): string {
  const module = parseModule(path, text);
  const found = new Set<unknown>();
  const spans = mentions(module, (node) => {
    const name = nameOf(node);
    if (names.includes(name)) found.add(name);
    return names.includes(name);
  });
  const missing = names.filter((name) => !found.has(name));
  if (missing.length > 0) throw new Error(`${path} does not mention ${missing.join(', ')} any more: see fork/`);
  return without(text, spans);
}

/** The same for words that may be there as whole strings. */
export function withoutWords(path: string, text: string, words: readonly string[]): string {
  if (!words.some((word) => text.includes(word))) return text;
  const isWord = (node: Syntax) => node.type === 'Literal' && words.includes(nameOf(node));
  return without(text, mentions(parseModule(path, text), isWord));
}

function nameOf(node: Syntax): string {
  if (node.type === 'Identifier') return node.name;
  return node.type === 'Literal' && typeof node.value === 'string' ? node.value : '';
}

function mentions(module: Module, isMention: (node: Syntax) => boolean): Span[] {
  const spans: Span[] = [];
  const visit = (node: Syntax, around: Syntax): void => {
    if (isMention(node)) spans.push(spanOf(module, around));
    if (node.type === 'ImportDeclaration') return; // goes when nothing uses it any more
    for (const { slot, child, isListed } of children(node)) {
      if (node.type === 'MemberExpression' && slot === 'property' && !node.computed) continue;
      const isEntry = isListed && lists[node.type] === slot && child.type !== 'ReturnStatement';
      visit(child, isEntry ? child : around);
    }
  };
  for (const { node } of module.statements) visit(node, node);
  return spans;
}

function spanOf(module: Module, node: Syntax): Span {
  const lines = linesOf(module, node);
  return lines.end > node.end ? lines : elementOf(module.text, node);
}
