/**
 * What is reached from some entries, statement by statement: as a bundler leaves out what nothing uses, but over sources
 * that stay as they are. Statements that declare nothing belong to whatever uses their file at all.
 */
import type { Module, Statement, StringLiteral } from './module.ts';
import { resolved, type Sources } from './sources.ts';

export class Reach {
  /** By file. */
  readonly statements = new Map<string, Set<Statement>>();
  /** Imported names that are used, by file. */
  readonly imports = new Map<string, Set<string>>();
  /** Files and folders that are read at run time. */
  readonly assets = new Set<string>();
  readonly #sources: Sources;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  has(path: string): boolean {
    return this.statements.has(path);
  }

  /** A file that somebody uses: its own statements, and all that they lead to. */
  enter(path: string): void {
    if (this.statements.has(path)) return;
    this.statements.set(path, new Set());
    this.imports.set(path, new Set());
    const module = this.#sources.module(path);
    for (const statement of module.statements) {
      const { type } = statement.node;
      if (type === 'ImportDeclaration') {
        if (statement.node.specifiers.length === 0) this.#follow(module, statement); // for what it does
      } else if (statement.declares.length === 0 && !passesOn(statement)) this.#keep(module, statement);
    }
  }

  /** Something that a file exports, by name. */
  take(path: string, name: string): void {
    this.enter(path);
    const module = this.#sources.module(path);
    if (name === '*') for (const each of module.exports.keys()) this.take(path, each);
    const found = module.exports.get(name);
    if (typeof found === 'string') this.#local(module, found);
    else if (found !== undefined) {
      this.#keepPassedOn(module, found.source);
      this.take(resolved(path, found.source), found.imported);
    }
    for (const source of found === undefined ? module.passedOn : []) {
      const target = resolved(path, source);
      if (name !== '*' && !this.#sources.module(target).exports.has(name)) continue;
      this.#keepPassedOn(module, source);
      this.take(target, name);
    }
  }

  #keepPassedOn(module: Module, source: string): void {
    for (const statement of module.statements) {
      if (passesOn(statement)?.value === source) this.statements.get(module.path)!.add(statement);
    }
  }

  #keep(module: Module, statement: Statement): void {
    const kept = this.statements.get(module.path)!;
    if (kept.has(statement)) return;
    kept.add(statement);
    for (const name of statement.uses) this.#local(module, name);
    this.#follow(module, statement);
    if (statement.tellsItsUrl) this.take(module.path, '*');
  }

  #local(module: Module, name: string): void {
    this.enter(module.path);
    const imported = module.imports.get(name);
    if (imported !== undefined) {
      this.imports.get(module.path)!.add(name);
      if (imported.source.startsWith('.')) this.take(resolved(module.path, imported.source), imported.imported);
    }
    for (const statement of module.statements) {
      if (statement.declares.includes(name)) this.#keep(module, statement);
    }
  }

  /** What the strings of a statement lead to: entries of threads, folders of pages. */
  #follow(module: Module, { paths }: Statement): void {
    for (const { value } of paths) {
      const target = resolved(module.path, value);
      const kind = this.#sources.kindOf(target);
      if (kind === 'module') this.take(target, '*'); // whoever loads it may use all of it
      else if (kind !== undefined) this.assets.add(target);
    }
  }
}

/** Where a statement such as `export … from` takes what it exports from. */
function passesOn({ node }: Statement): StringLiteral | undefined {
  const isExport = node.type === 'ExportAllDeclaration' || node.type === 'ExportNamedDeclaration';
  return isExport ? (node.source ?? undefined) : undefined;
}
