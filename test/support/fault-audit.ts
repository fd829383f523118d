/** Compares what writers were told with what Redis applied. */
import type { KeptEntry } from '../../src/origin/redis-entry.ts';
import type { AppliedWrite } from './append-only-file.ts';
import type { BookedWrite } from './fault-writer.ts';

/** Each must be empty; an entry names the key and version. */
export interface Findings {
  /** Acknowledged, but never applied. */
  readonly lost: readonly string[];
  /** Applied more than once. */
  readonly twice: readonly string[];
  /** Applied after a newer version of the same key. */
  readonly undone: readonly string[];
  /** Applied, although every answer was that nothing was. */
  readonly denied: readonly string[];
  /** Applied with a value that nobody wrote. */
  readonly garbled: readonly string[];
  /** Read back at the end as something else than was applied last. */
  readonly misread: readonly string[];
}

/**
 * @param applied in the order Redis applied them
 * @param restored by key, without deletions
 */
export function audit(
  books: readonly BookedWrite[],
  applied: readonly AppliedWrite[],
  restored: ReadonlyMap<string, KeptEntry>,
): Findings {
  const times = new Map<string, number>();
  const newest = new Map<string, AppliedWrite>();
  const undone: string[] = [];
  for (const write of applied) {
    const name = nameOf(write.key, write.version);
    times.set(name, (times.get(name) ?? 0) + 1);
    if ((newest.get(write.key)?.version ?? 0) > write.version) undone.push(name);
    newest.set(write.key, write);
  }
  const booked = new Map(
    books.flatMap((write) => write.keys.map((key) => [nameOf(key, write.version), write] as const)),
  );
  const namesOf = (wanted: (write: BookedWrite, name: string) => boolean): string[] =>
    [...booked].filter(([name, write]) => wanted(write, name)).map(([name]) => name);

  return {
    lost: namesOf(({ acknowledged }, name) => acknowledged && !times.has(name)),
    twice: [...times].filter(([, count]) => count > 1).map(([name]) => name),
    undone,
    denied: namesOf(({ notApplied }, name) => notApplied && times.has(name)),
    garbled: applied
      .filter(({ key, version, value }) => {
        const write = booked.get(nameOf(key, version));
        return write === undefined || write.value !== value;
      })
      .map(({ key, version }) => nameOf(key, version)),
    misread: [...newest.values()]
      .filter(({ key, value, version }) => {
        const found = restored.get(key);
        return value === undefined ? found !== undefined : found?.version !== version || found.value !== value;
      })
      .map(({ key, version }) => nameOf(key, version)),
  };
}

function nameOf(key: string, version: number): string {
  return `${key} version ${version}`;
}
