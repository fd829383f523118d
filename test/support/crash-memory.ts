/**
 * Shared memory whose writer dies at a chosen write: that write and all later ones of this life never happen, whatever
 * `catch` and `finally` blocks still run. The code under test is the real one; only the views it makes of the memory
 * are proxies that count.
 */

/** The writer is dead. */
export class Crash extends Error {}

export interface Life {
  readonly crashed: boolean;
  /** Writes that happened. */
  readonly writes: number;
}

const realAtomics = Atomics;
const realViews = { Int32Array, Float64Array };
type View = Int32Array | Float64Array;

/**
 * Runs `life` with every view that it makes of `memory`, or gets as one of `given`, dying after `maxWrites` writes.
 *
 * @throws whatever else `life` throws
 */
export function liveFor(
  maxWrites: number,
  memory: SharedArrayBuffer[],
  life: (wrap: <T extends View>(view: T) => T) => void,
): Life {
  let writes = 0;
  let crashed = false;
  const real = new WeakMap<object, View>();

  const write = (): void => {
    if (crashed || writes === maxWrites) {
      crashed = true;
      throw new Crash();
    }
    writes += 1;
  };
  const wrap = <T extends View>(view: T): T => {
    const proxy = new Proxy(view, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
      set: (target, name, value: number) => {
        write();
        target[Number(name)] = value;
        return true;
      },
    });
    real.set(proxy, view);
    return proxy;
  };
  const unwrapped = (view: View): Int32Array => (real.get(view) ?? view) as Int32Array;
  const construct = (name: keyof typeof realViews): unknown =>
    new Proxy(realViews[name], {
      construct: (target, args: [SharedArrayBuffer]) => {
        const view = Reflect.construct(target, args) as View;
        return memory.includes(args[0]) ? wrap(view) : view;
      },
    });
  const atomics = Object.fromEntries(
    Object.getOwnPropertyNames(realAtomics).map((name) => {
      const perform = realAtomics[name as 'load'] as (...args: unknown[]) => unknown;
      return [
        name,
        (view: View, ...rest: number[]) => {
          if (name !== 'load' && name !== 'notify') write();
          else if (crashed) throw new Crash();
          return perform(unwrapped(view), ...rest);
        },
      ];
    }),
  );

  const replaced = { Atomics: atomics, Int32Array: construct('Int32Array'), Float64Array: construct('Float64Array') };
  const before = Object.keys(replaced).map(
    (name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)!] as const,
  );
  for (const [name, value] of Object.entries(replaced)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  try {
    life(wrap);
  } catch (error) {
    if (!crashed) throw error;
  } finally {
    for (const [name, descriptor] of before) Object.defineProperty(globalThis, name, descriptor);
  }
  return { crashed, writes };
}
