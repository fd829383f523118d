/**
 * Which tests go along: those that need nothing that is left out and speak of nothing that is. They are looked at one by
 * one, so that a file may lose some of its tests and keep the others.
 */
import { linesOf, type Span, without } from './cut.ts';
import { children, declaredBy, parseModule, type Module, type Statement, type Syntax, usedBy } from './module.ts';
import type { Reach } from './reach.ts';
import { resolved, type Sources } from './sources.ts';

export interface LeftOut {
  /** How tests speak of what is left out, and the files in which such a word means something else. */
  readonly words: readonly { readonly word: RegExp; readonly except?: RegExp }[];
  /** What tests may use besides sources and each other. */
  readonly helpers: readonly string[];
}

export class TestChoice {
  readonly #sources: Sources;
  readonly #service: Reach;
  readonly #leftOut: LeftOut;
  readonly #lost = new Map<Statement, boolean>();

  /** @param service what the service itself reaches */
  constructor(sources: Sources, service: Reach, leftOut: LeftOut) {
    this.#sources = sources;
    this.#service = service;
    this.#leftOut = leftOut;
  }

  /** @returns the text of a test file with the tests that go along; undefined when there are none */
  keep(path: string): string | undefined {
    const module = this.#sources.module(path);
    const spans: Span[] = [];
    let kept = 0;
    for (const statement of module.statements) {
      const call = testCall(statement.node);
      if (call !== undefined) kept += this.#choose(module, statement.node, call, new Set(), spans);
      else if (isForItself(statement) && this.#isLost(module, statement)) return undefined;
    }
    return kept === 0 ? undefined : without(module.text, spans);
  }

  /** Adds what to take out to `spans`. @returns how many tests stay */
  #choose(module: Module, node: Syntax, call: TestCall, lost: ReadonlySet<string>, spans: Span[]): number {
    const isLost = (part: Syntax) => this.#isLostPart(module, part, lost);
    const cut = (): number => {
      spans.push(linesOf(module, node));
      return 0;
    };
    const body = call.kind === 'describe' ? bodyOf(call) : undefined;
    if (body === undefined) return isLost(node) ? cut() : 1;
    if (partsBeside(node, body).some(isLost)) return cut();
    const lostHere = new Set(lost);
    const inner: Span[] = [];
    let kept = 0;
    for (const each of body.body) {
      const test = testCall(each);
      const names = declaredBy(each);
      if (test !== undefined) kept += this.#choose(module, each, test, lostHere, inner);
      else if (!this.#isLostPart(module, each, lostHere)) continue;
      else if (names.length === 0) return cut();
      else names.forEach((name) => lostHere.add(name));
    }
    if (kept === 0) return cut();
    spans.push(...inner, ...unused(module, body.body, inner));
    return kept;
  }

  #isLostPart(module: Module, part: Syntax, lost: ReadonlySet<string>): boolean {
    const used = usedBy(part);
    if ([...used.uses].some((name) => lost.has(name))) return true;
    return this.#isLost(module, { node: part as Statement['node'], declares: [], ...used });
  }

  #isLost(module: Module, statement: Statement): boolean {
    const known = this.#lost.get(statement);
    if (known !== undefined) return known;
    this.#lost.set(statement, false); // what leads back here decides nothing
    const isLost =
      this.#speaks(module, statement.node) ||
      [...statement.uses].some((name) => this.#isNameLost(module, name)) ||
      statement.paths.some(({ value }) => this.#isFileLost(resolved(module.path, value))) ||
      (statement.tellsItsUrl && [...module.exports.keys()].some((name) => this.#isExportLost(module.path, name)));
    this.#lost.set(statement, isLost);
    return isLost;
  }

  #speaks(module: Module, { start, end }: Syntax): boolean {
    if (!module.path.startsWith('test/')) return false;
    const code = codeOf(module).slice(start, end);
    return this.#leftOut.words.some(({ word, except }) => except?.test(module.path) !== true && word.test(code));
  }

  #isNameLost(module: Module, name: string): boolean {
    const imported = module.imports.get(name);
    if (imported !== undefined) {
      return (
        imported.source.startsWith('.') && this.#isExportLost(resolved(module.path, imported.source), imported.imported)
      );
    }
    return module.statements.some((statement) => statement.declares.includes(name) && this.#isLost(module, statement));
  }

  #isExportLost(path: string, name: string): boolean {
    if (this.#isFileLost(path)) return true;
    if (path.startsWith('src/') || this.#sources.kindOf(path) !== 'module') return false;
    const module = this.#sources.module(path);
    const found = module.exports.get(name);
    if (typeof found === 'string') return this.#isNameLost(module, found);
    if (found !== undefined) return this.#isExportLost(resolved(path, found.source), found.imported);
    return module.passedOn.some((source) => this.#isFileLost(resolved(path, source)));
  }

  #isSourceLost(path: string): boolean {
    const isThere = this.#service.has(path) || this.#leftOut.helpers.includes(path);
    return !isThere && this.#sources.kindOf(path) === 'module';
  }

  /** Whether a file is not there, or does at once what cannot be done any more. */
  #isFileLost(path: string): boolean {
    if (path.startsWith('src/')) return this.#isSourceLost(path);
    if (!path.startsWith('test/')) return !this.#leftOut.helpers.includes(path);
    if (this.#sources.kindOf(path) !== 'module') return false;
    const module = this.#sources.module(path);
    return module.statements.some((statement) => isForItself(statement) && this.#isLost(module, statement));
  }
}

/** The text with blanks for comments. */
function codeOf({ text, comments }: Module): string {
  let code = '';
  let at = 0;
  for (const { start, end } of comments) {
    code += text.slice(at, start) + ' '.repeat(end - start);
    at = end;
  }
  return code + text.slice(at);
}

/** Whether a statement is there for what it does, and not for what it declares. */
function isForItself({ node, declares }: Statement): boolean {
  return declares.length === 0 && node.type === 'ExpressionStatement';
}

interface TestCall {
  readonly kind: 'it' | 'describe';
  readonly node: Extract<Syntax, { type: 'CallExpression' }>;
}

/** A statement that is a test or a group of them: `it(…)`, `describe.each(…)(…)`, or such a one in a loop. */
function testCall(node: Syntax): TestCall | undefined {
  if (node.type === 'ForOfStatement') {
    const inner = usedBy(node.body).uses;
    const isTests = inner.has('it') || inner.has('describe');
    return isTests ? { kind: 'it', node: node as unknown as TestCall['node'] } : undefined;
  }
  if (node.type !== 'ExpressionStatement' || node.expression.type !== 'CallExpression') return undefined;
  const call = node.expression;
  let callee: Syntax = call;
  while (callee.type === 'CallExpression' || callee.type === 'MemberExpression') {
    callee = callee.type === 'CallExpression' ? callee.callee : callee.object;
  }
  if (callee.type !== 'Identifier') return undefined;
  if (callee.name === 'describe') return { kind: 'describe', node: call };
  // A contract is run by a function of its own.
  return callee.name === 'it' || callee.name === 'test' || callee.name.endsWith('Contract')
    ? { kind: 'it', node: call }
    : undefined;
}

type Block = Extract<Syntax, { type: 'BlockStatement' }>;

function bodyOf({ node }: TestCall): Block | undefined {
  const last = node.arguments.at(-1);
  const isFunction = last?.type === 'ArrowFunctionExpression' || last?.type === 'FunctionExpression';
  return isFunction && last.body?.type === 'BlockStatement' ? last.body : undefined;
}

/** The parts of a node that are beside one in it. */
function partsBeside(node: Syntax, inner: Syntax): Syntax[] {
  return children(node).flatMap(({ child }) => {
    if (child === inner) return [];
    const isAround = child.start <= inner.start && child.end >= inner.end;
    return isAround ? partsBeside(child, inner) : [child];
  });
}

/** Declarations in a body that only what is taken out has used. */
function unused(module: Module, body: readonly Syntax[], taken: readonly Span[]): Span[] {
  let rest = body.filter(({ start, end }) => !taken.some((span) => span.start <= start && end <= span.end));
  const gone: Span[] = [];
  for (;;) {
    const found = rest.find((node) => {
      const names = declaredBy(node);
      const others = rest.filter((other) => other !== node);
      return names.length > 0 && !others.some((other) => names.some((name) => usedIn(module, other, taken).has(name)));
    });
    if (found === undefined) return gone;
    gone.push(linesOf(module, found));
    rest = rest.filter((node) => node !== found);
  }
}

/** The names that are used in a node once some spans are taken out. */
function usedIn(module: Module, node: Syntax, taken: readonly Span[]): ReadonlySet<string> {
  const within = taken.filter(({ start, end }) => node.start <= start && end <= node.end + 1);
  if (within.length === 0) return usedBy(node).uses;
  const moved = within.map(({ start, end }) => ({
    start: start - node.start,
    end: Math.min(end, node.end) - node.start,
  }));
  const text = without(module.text.slice(node.start, node.end), moved);
  return new Set(parseModule(module.path, text).statements.flatMap(({ uses }) => [...uses]));
}
