import type { Settings } from '../settings.ts';
import type { Lab } from '../strategies/strategy.ts';

const nothing = (): void => {};

/** The experimenter's hand inside critical sections, as the settings want it. */
export function createLab({ HOLD_US }: Settings): Lab {
  return { midway: HOLD_US === 0 ? nothing : () => spend(HOLD_US / 1000) };
}

/** Keeps this thread's CPU busy, as real work in a critical section would. */
function spend(holdMs: number): void {
  const untilMs = performance.now() + holdMs;
  while (performance.now() < untilMs);
}
