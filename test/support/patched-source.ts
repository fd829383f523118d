/**
 * Copies of the primitives with a few places of their text replaced: a bug seeded into them, or a bound made small
 * enough to try every interleaving. The originals carry no switches for tests.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { REAL_SOURCE } from './sync-modules.ts';

/** One replacement. `from` must occur exactly once, so that a patch that no longer fits is noticed. */
export interface Patch {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** Lets the explorer see what a thread knows of an asynchronous lock. */
const knowing: Patch = {
  file: 'sync/async-mutex.ts',
  from: '  /** Waiters of this thread. */',
  to: `  get knows() {
      const now = performance.now();
      const since = (ms) => (ms === 0 ? -1 : Math.round((now - ms) * 100));
      const times = [this.#turnSeenMs, this.#chainSeenMs, this.#claimedMs, this.#mayClaimMs].map(since);
      return [Number(this.#owned), this.#queue.size, Number(this.#goesOn), this.#handedSeen, ...times];
    }
  /** Waiters of this thread. */`,
};

/**
 * Shorter spins and fewer positions: no other paths, fewer repetitions of the same. And a loop
 * that says what it knows at its head, and a mutex that says what it knows at all, so that the way there tells no states
 * apart; see `Gate`.
 */
export const SMALL_BOUNDS: readonly Patch[] = [
  { file: 'sync/sync-mutex.ts', from: 'const SPINS = 8;', to: 'const SPINS = 1;' },
  {
    file: 'sync/sync-mutex.ts',
    from: 'for (let tries = 0; ; tries++) {',
    to: `for (let tries = 0; ; tries = Math.min(tries + 1, SPINS)) {
      globalThis.atLoopHead?.(tries, performance.now() >= deadlineMs);`,
  },
  knowing,
  { file: 'sync/thread-table.ts', from: 'export const MAX_THREADS = 64;', to: 'export const MAX_THREADS = 4;' },
];

export class PatchedSource implements Disposable {
  /** The folder, as a URL that ends with a slash. */
  readonly href: string;
  readonly #folder: string;

  /** @throws {Error} a patch does not fit */
  constructor(patches: readonly Patch[]) {
    const real = fileURLToPath(REAL_SOURCE);
    this.#folder = mkdtempSync(join(tmpdir(), 'patched-source-'));
    this.href = `${pathToFileURL(this.#folder).href}/`;
    writeFileSync(join(this.#folder, 'package.json'), '{ "type": "module" }');
    cpSync(join(real, 'errors.ts'), join(this.#folder, 'errors.ts'));
    cpSync(join(real, 'sync'), join(this.#folder, 'sync'), { recursive: true });
    for (const { file, from, to } of patches) {
      const path = join(this.#folder, file);
      const parts = readFileSync(path, 'utf8').split(from);
      if (parts.length !== 2) {
        this[Symbol.dispose]();
        throw new Error(`${file} has ${parts.length - 1} places, not one, that read: ${from}`);
      }
      writeFileSync(path, parts.join(to));
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
