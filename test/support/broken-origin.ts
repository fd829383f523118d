/** Deliberately broken: what a careless origin would do. Every case of the origin's contract must go red on it. */
import type {
  DocumentOrigin,
  Origin,
  OriginDocument,
  OriginValue,
  OriginWrite,
  Written,
} from '../../src/origin/origin.ts';
import type { OriginRig } from '../origin/origin-contract.ts';

export function startBrokenOrigin(): OriginRig {
  const kept = new Map<string, Written>();
  const documents = new Map<string, OriginDocument>();
  const waiting: (() => void)[] = [];
  let silent = false;

  const answered = async (): Promise<void> => {
    if (silent) await new Promise<void>((resolve) => waiting.push(resolve)); // knows no deadline
  };
  const connect = (): Origin & DocumentOrigin => {
    let lastDocument = 0; // numbers for itself what others number too
    const cached = new Map<string, Written>(); // and is never told that something changed
    return {
      async store(writes: readonly OriginWrite[]) {
        await answered();
        for (const { key, value, version } of writes) kept.set(key, { value: guessed(value), version }); // the last wins
      },
      async load(key) {
        await answered();
        const found = cached.get(key) ?? kept.get(key) ?? { value: undefined, version: 0 };
        cached.set(key, found);
        return found;
      },
      async loadDocument(key) {
        await answered();
        const [name] = key.split('/').slice(-1); // of whatever cell
        return documents.get(name!) ?? (name!.startsWith('doc-') ? { value: '{}', version: 1 } : NO_DOCUMENT);
      },
      async storeDocument(key, value) {
        await answered();
        const document = { value: JSON.stringify(value), version: ++lastDocument };
        documents.set(key.split('/').at(-1)!, document);
        return document.version;
      },
      async deleteDocument(key) {
        await answered();
        documents.delete(key.split('/').at(-1)!); // what was there from the start is back
        return { existed: true, version: lastDocument }; // also when there was none; and it is no version
      },
    };
  };

  return {
    origin: connect(),
    other: connect(),
    timeoutMs: 50,
    silence: () => void (silent = true),
    wake() {
      silent = false;
      for (const resolve of waiting.splice(0)) resolve();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const NO_DOCUMENT: OriginDocument = { value: 'null', version: 0 };

/** Takes text that looks like a number for one. */
function guessed(value: OriginValue): OriginValue {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
}
