/** What `SyncMutex.run` accepts. `tsc` is the test: each line marked as an error must be one. */
import type { SyncMutex } from '../../src/sync/sync-mutex.ts';

declare const mutex: SyncMutex;
declare const anything: any;
declare const unknown: unknown;
declare const either: number | Promise<number>;
declare const thenable: PromiseLike<string>;
declare const perhaps: { then(): void } | undefined;
declare function generic<T>(value: T): T;

// Synchronous results keep their types.
mutex.run(() => {}) satisfies void;
mutex.run(() => 1) satisfies number;
mutex.run(() => 'one', { remainingMs: 5 }) satisfies string;
mutex.run((): number | undefined => undefined) satisfies number | undefined;
mutex.run(() => null) satisfies null;
mutex.run(() => ({ key: 'value' })) satisfies { key: string };
mutex.run(() => [1, 2]) satisfies number[];
mutex.run(() => generic(1)) satisfies number;
mutex.run((): object => ({})) satisfies object;
mutex.run((): never => {
  throw new Error('on purpose');
}) satisfies never;

// Promises do not, whatever they hide in.
// @ts-expect-error an async function
void mutex.run(async () => {});
// @ts-expect-error an async function with a result
void mutex.run(async () => 1);
// @ts-expect-error a promise
void mutex.run(() => Promise.resolve());
// @ts-expect-error a promise, with options
void mutex.run(() => Promise.resolve(), { remainingMs: 5 });
// @ts-expect-error a union with a promise
void mutex.run(() => either);
// @ts-expect-error a thenable
mutex.run(() => thenable);
// @ts-expect-error a union with a thenable
mutex.run(() => perhaps);
// @ts-expect-error an optional promise
void mutex.run((): Promise<void> | undefined => undefined);
// @ts-expect-error any, which may be a promise
mutex.run(() => anything);
// @ts-expect-error unknown, which may be a promise
mutex.run(() => unknown);
// @ts-expect-error a critical section that takes something
mutex.run((value: number) => value);

/** Inside a generic function nobody knows whether `T` is a promise. */
export function throughGeneric<T>(critical: () => T): T {
  // @ts-expect-error T may be a promise
  return mutex.run(critical);
}
