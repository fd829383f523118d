import type { Settings } from '../settings.ts';
import type { Lab } from '../strategies/strategy.ts';
import type { Faults } from './faults.ts';

const nothing = (): void => {};

/** The experimenter's hand inside critical sections, as the settings want it; without an experiment it does nothing. */
export function createLab({ HOLD_US, CONTROLS }: Settings, faults: Faults): Lab {
  if (CONTROLS) {
    return {
      midway: () => {
        faults.midway();
        if (HOLD_US > 0) spend(HOLD_US / 1000);
      },
    };
  }
  return { midway: HOLD_US === 0 ? nothing : () => spend(HOLD_US / 1000) };
}

/** Keeps this thread's CPU busy, as real work in a critical section would. */
function spend(holdMs: number): void {
  const untilMs = performance.now() + holdMs;
  while (performance.now() < untilMs);
}
