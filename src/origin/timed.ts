import type { WaitOptions } from '../sync/wait.ts';

/** Adds the time until an answer of the origin to its call's. */
export async function timed<T>({ timing }: WaitOptions, answer: Promise<T>): Promise<T> {
  if (timing === undefined) return answer;
  const startedMs = performance.now();
  try {
    return await answer;
  } finally {
    timing.add('origin', performance.now() - startedMs);
  }
}
