/** Deliberately broken: what a careless origin would do. Every case of the origin's contract must go red on it. */
import type { Origin, OriginValue, OriginWrite, Written } from '../../src/origin/origin.ts';
import type { OriginRig } from '../origin/origin-contract.ts';

export function startBrokenOrigin(): OriginRig {
  const kept = new Map<string, Written>();
  const waiting: (() => void)[] = [];
  let silent = false;

  const answered = async (): Promise<void> => {
    if (silent) await new Promise<void>((resolve) => waiting.push(resolve)); // knows no deadline
  };
  const connect = (): Origin => {
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

/** Takes text that looks like a number for one. */
function guessed(value: OriginValue): OriginValue {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
}
