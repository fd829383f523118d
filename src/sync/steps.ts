/** Long work made of steps: at one go where a guard is held, in slices where the event loop may turn between them. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { WaitOptions } from './wait.ts';

/** Work that yields wherever it may pause: every few µs. */
export type Steps<T> = Generator<undefined, T>;

/** So long one slice keeps its event loop from everybody else: less than bare HTTP takes in the slowest of 100 answers. */
const SLICE_MS = 0.25;

export function atOnce<T>(steps: Steps<T>): T {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** As many steps as a slice has time for. @returns the last of them */
export function slice<T>(steps: Steps<T>): IteratorResult<undefined, T> {
  const untilMs = performance.now() + SLICE_MS;
  let step = steps.next();
  while (step.done !== true && performance.now() < untilMs) step = steps.next();
  return step;
}

/** Runs to the end in slices. @throws the reason of `signal`: nobody wants the result any more */
export async function inSlices<T>(steps: Steps<T>, call: WaitOptions): Promise<T> {
  let step = slice(steps);
  while (step.done !== true) {
    await turn(call);
    step = slice(steps);
  }
  return step.value;
}

/** Lets everything else that is due run first. @throws the reason of `signal` */
export async function turn({ signal }: WaitOptions): Promise<void> {
  await nextTurn();
  signal?.throwIfAborted();
}
