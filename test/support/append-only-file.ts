/** Reads what a Redis has applied, change by change, from its append-only files. */
import type { OriginDocument } from '../../src/origin/origin.ts';
import { decodeDocument } from '../../src/origin/redis-documents.ts';
import { decodeEntry, type KeptEntry } from '../../src/origin/redis-entry.ts';

/** A change of one key, in the order Redis made them. */
export interface AppliedWrite extends KeptEntry {
  readonly hash: string;
  readonly key: string;
}

/** A document that was stored, in the order Redis did. */
export interface AppliedDocument extends OriginDocument {
  readonly key: string;
}

const DOCUMENTS = /:documents$/;

/** Every write in the files. A script's changes are in there one by one, not as the script. */
export function appliedWrites(files: readonly Buffer[]): AppliedWrite[] {
  return changes(files)
    .filter(([, hash]) => !DOCUMENTS.test(hash!))
    .map(([, hash, key, entry]) => Object.assign(decodeEntry(entry!), { hash: hash!, key: key! }));
}

/** Every document that was stored; not those that were there from the start. */
export function appliedDocuments(files: readonly Buffer[]): AppliedDocument[] {
  return changes(files)
    .filter(([, hash]) => DOCUMENTS.test(hash!) && hash!.split(':').length > 2)
    .map(([, , key, entry]) => Object.assign(decodeDocument(entry!), { key: key! }));
}

function changes(files: readonly Buffer[]): string[][] {
  return files
    .filter((file) => file.toString('latin1', 0, 5) !== 'REDIS') // a base in the binary format, written while empty
    .flatMap(commandsIn)
    .filter(([name, hash]) => name?.toUpperCase() === 'HSET' && !hash!.endsWith(':probe'));
}

/** The commands of a file in the protocol's own form; one that a crash cut short at the end is left out. */
function commandsIn(file: Buffer): string[][] {
  const commands: string[][] = [];
  let at = 0;
  const line = (): string | undefined => {
    const end = file.indexOf('\r\n', at);
    if (end === -1) return undefined;
    const text = file.toString('utf8', at, end);
    at = end + 2;
    return text;
  };
  for (let head = line(); head !== undefined; head = line()) {
    const parts: string[] = [];
    for (let left = Number(head.slice(1)); left > 0; left--) {
      const length = Number(line()?.slice(1) ?? Number.NaN);
      if (!(at + length + 2 <= file.length)) return commands;
      parts.push(file.toString('utf8', at, at + length));
      at += length + 2;
    }
    commands.push(parts);
  }
  return commands;
}
