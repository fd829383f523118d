/** Two things whose cost is compared: how, and by how much one may cost more. Knows nothing of what they are. */
import { median } from 'simple-statistics';

export interface Pair {
  readonly name: string;
  /** The most that `over` may cost, as a multiple of `under`. */
  readonly atMost: number;
  readonly over: Work;
  readonly under: Work;
}

/** Does it once, and resolves with what it took. @throws {Error} it was not done as intended */
export type Work = () => Promise<Milliseconds>;
type Milliseconds = number;

export interface Cost {
  readonly overUs: number;
  readonly underUs: number;
}

export interface Effort {
  /** Of each of the two, at most. */
  readonly samples: number;
  /** For both together; each is done once all the same. */
  readonly budgetMs: number;
}

/** Medians of both, done in turn, so that what slows the machine meets both. */
export async function costOf({ over, under }: Pair, { samples, budgetMs }: Effort): Promise<Cost> {
  const overMs: number[] = [];
  const underMs: number[] = [];
  const untilMs = performance.now() + budgetMs;
  do {
    overMs.push(await over());
    underMs.push(await under());
  } while (overMs.length < samples && performance.now() < untilMs);
  return { overUs: median(overMs) * 1_000, underUs: median(underMs) * 1_000 };
}

/** @returns how long `act` took, in milliseconds */
export async function timed(act: () => unknown): Promise<Milliseconds> {
  const startedMs = performance.now();
  await act();
  return performance.now() - startedMs;
}
