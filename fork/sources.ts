/** The files of the project as the fork takes them over: read when asked for, parsed, and some of them cut first. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { posix } from 'node:path';
import { parseModule, type Module } from './module.ts';

export type Edit = (path: string, text: string) => string;

export class Sources {
  readonly #root: string;
  readonly #edit: Edit;
  readonly #modules = new Map<string, Module>();

  /** @param edit what is done to a file before anybody looks at it */
  constructor(root: string, edit: Edit = (_path, text) => text) {
    this.#root = root;
    this.#edit = edit;
  }

  /** @param path from the project's folder, with slashes */
  module(path: string): Module {
    let module = this.#modules.get(path);
    if (module === undefined) {
      module = parseModule(path, this.text(path));
      this.#modules.set(path, module);
    }
    return module;
  }

  text(path: string): string {
    return this.#edit(path, readFileSync(join(this.#root, path), 'utf8'));
  }

  /** Puts another text in the place of a file's. */
  replace(path: string, text: string): void {
    this.#modules.set(path, parseModule(path, text));
  }

  kindOf(path: string): 'module' | 'asset' | 'folder' | undefined {
    const stats = statSync(join(this.#root, path), { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    if (stats.isDirectory()) return 'folder';
    return /\.(?:ts|mjs)$/.test(path) ? 'module' : 'asset';
  }
}

/** What a relative path in a file leads to. */
export function resolved(from: string, relative: string): string {
  return posix.normalize(posix.join(posix.dirname(from), relative));
}
