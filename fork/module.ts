/**
 * One source file as the fork sees it: top-level statements, the names that each declares and uses, imports and exports.
 * What a statement uses is taken by name alone, so a name that is shadowed counts as used: rather too much is kept.
 */
import { type Node, parseSync, type Program, visitorKeys } from 'oxc-parser';

export type Syntax = Node;

export interface Statement {
  readonly node: Program['body'][number];
  /** Names that it declares at the top level of the file. */
  readonly declares: readonly string[];
  /** Identifiers in it that may stand for something declared elsewhere. */
  readonly uses: ReadonlySet<string>;
  /** Strings in it that look like relative paths: imports, and entries of threads. */
  readonly paths: readonly StringLiteral[];
  /** All other strings in it, which may name packages. */
  readonly bare: readonly string[];
  /** Whether it tells the file's own URL to others, who may then load it and use all that it exports. */
  readonly tellsItsUrl: boolean;
}

/** A string with its place in the file, quotes included. */
export interface StringLiteral {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

export interface Import {
  readonly source: string;
  /** The exported name; `*` for all of them. */
  readonly imported: string;
}

export interface Module {
  readonly path: string;
  readonly text: string;
  readonly statements: readonly Statement[];
  readonly comments: readonly { readonly start: number; readonly end: number }[];
  /** By local name. */
  readonly imports: ReadonlyMap<string, Import>;
  /** By exported name: the local name, or what is passed on from elsewhere. */
  readonly exports: ReadonlyMap<string, string | Import>;
  /** Files all of whose exports are passed on. */
  readonly passedOn: readonly string[];
}

/** @throws {Error} it does not parse */
export function parseModule(path: string, text: string): Module {
  const { program, comments, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`);
  const imports = new Map<string, Import>();
  const exports = new Map<string, string | Import>();
  const passedOn: string[] = [];
  for (const node of program.body) {
    switch (node.type) {
      case 'ImportDeclaration':
        for (const specifier of node.specifiers) {
          imports.set(specifier.local.name, { source: node.source.value, imported: importedName(specifier) });
        }
        break;
      case 'ExportAllDeclaration':
        passedOn.push(node.source.value);
        break;
      case 'ExportDefaultDeclaration':
        exports.set('default', DEFAULT);
        break;
      case 'ExportNamedDeclaration':
        for (const name of declaredBy(node)) exports.set(name, name);
        for (const { local, exported } of node.specifiers) {
          const from = node.source?.value;
          exports.set(nameOf(exported), from === undefined ? nameOf(local) : { source: from, imported: nameOf(local) });
        }
    }
  }
  const statements = program.body.map((node) => ({ node, declares: declaredBy(node), ...usedBy(node) }));
  return { path, text, statements, comments, imports, exports, passedOn };
}

/** Stands for what `export default` declares. */
const DEFAULT = '*default*';

type ImportSpecifiers = Extract<Syntax, { type: 'ImportDeclaration' }>['specifiers'];

function importedName(specifier: ImportSpecifiers[number]): string {
  if (specifier.type === 'ImportSpecifier') return nameOf(specifier.imported);
  return specifier.type === 'ImportDefaultSpecifier' ? 'default' : '*';
}

function nameOf(name: Syntax): string {
  if (name.type === 'Identifier') return name.name;
  return name.type === 'Literal' ? String(name.value) : '';
}

/** The names that a statement declares. */
export function declaredBy(node: Syntax): string[] {
  switch (node.type) {
    case 'ExportNamedDeclaration':
      return node.declaration === null ? [] : declaredBy(node.declaration);
    case 'ExportDefaultDeclaration':
      return [DEFAULT];
    case 'VariableDeclaration':
      return node.declarations.flatMap(({ id }) => boundBy(id));
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
    case 'TSInterfaceDeclaration':
    case 'TSTypeAliasDeclaration':
    case 'TSDeclareFunction':
      return node.id === null ? [] : [node.id.name];
    default:
      return [];
  }
}

/** The names that a pattern binds; what its default values and types use is not among them. */
function boundBy(pattern: Syntax): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name];
    case 'Property':
      return boundBy(pattern.value);
    case 'AssignmentPattern':
      return boundBy(pattern.left);
    default:
      return children(pattern).flatMap(({ slot, child }) => (slot === 'typeAnnotation' ? [] : boundBy(child)));
  }
}

interface Child {
  readonly slot: string;
  readonly child: Syntax;
  /** One of several in its slot. */
  readonly isListed: boolean;
}

/** The children of a node, with the slot that each is in. */
export function children(node: Syntax): readonly Child[] {
  return (visitorKeys[node.type] ?? []).flatMap((slot): Child[] => {
    const value = (node as unknown as Record<string, Syntax | (Syntax | null)[] | null | undefined>)[slot];
    if (value === null || value === undefined) return [];
    if (!Array.isArray(value)) return [{ slot, child: value, isListed: false }];
    return value.flatMap((child) => (child === null ? [] : [{ slot, child, isListed: true }]));
  });
}

/** Names of members are not uses: `a.b`, `{ b: 1 }`, `interface A { b: C }`. */
const memberSlots: Readonly<Record<string, string>> = {
  MemberExpression: 'property',
  Property: 'key',
  PropertyDefinition: 'key',
  MethodDefinition: 'key',
  TSPropertySignature: 'key',
  TSMethodSignature: 'key',
  TSQualifiedName: 'right',
  ImportSpecifier: 'imported',
};

export function usedBy(root: Syntax): Omit<Statement, 'node' | 'declares'> {
  const uses = new Set<string>();
  const paths: StringLiteral[] = [];
  const bare: string[] = [];
  let tellsItsUrl = false;
  const visit = (node: Syntax): void => {
    if (node.type === 'Identifier') uses.add(node.name);
    if (node.type === 'Literal' && typeof node.value === 'string') {
      const { value, start, end } = node;
      if (/^\.\.?\/|^[\w-]+\.(?:ts|mjs)$/.test(value)) paths.push({ value, start, end });
      else bare.push(value);
    }
    if (isOwnUrl(node)) tellsItsUrl = true;
    const base = node.type === 'NewExpression' ? node.arguments[1] : undefined;
    const isComputed = 'computed' in node && node.computed;
    for (const { slot, child } of children(node)) {
      if (child === base && isOwnUrl(child)) continue; // of another file's
      if (isComputed || memberSlots[node.type] !== slot) visit(child);
    }
  };
  visit(root);
  return { uses, paths, bare, tellsItsUrl };
}

/** `import.meta.url` */
function isOwnUrl(node: Syntax): boolean {
  const isMeta = node.type === 'MemberExpression' && node.object.type === 'MetaProperty';
  return isMeta && node.property.type === 'Identifier' && node.property.name === 'url';
}
