/** What keeps a guard, or a pinned version, from outliving the function it was made for. */

/** Rejects, at compile time, a function whose result is or may be a promise; `any` and `unknown` may be. */
export type Synchronous<T, Rest extends unknown[]> = 0 extends 1 & T
  ? [error: 'critical returns any, which may be a promise']
  : unknown extends T
    ? [error: 'critical returns unknown, which may be a promise']
    : Extract<T, { then: unknown }> extends never
      ? Rest
      : [error: 'critical returns a promise, but a guard must end before anything is awaited'];

const AsyncFunction = (async () => {}).constructor;

/** Whether a function is declared `async`: it need not run to be refused. */
export function isAsyncFunction(value: (...args: never[]) => unknown): boolean {
  return value instanceof AsyncFunction;
}

/** Whether a result is a promise, or anything else that can be awaited. */
export function isThenable(value: unknown): boolean {
  const hasMembers = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return hasMembers && 'then' in value && typeof value.then === 'function';
}
