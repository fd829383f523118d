/** How long a measured part must be before its p99 says anything: near capacity a queue takes long to forget its bursts. */

/** The queue's relaxation times that a window holds. */
const RELAXATIONS = 100;

/** JSON knows no infinity. */
export const DAY_SECONDS = 86_400;

/** What a p99 of a run needed, and what it had. */
export interface Window {
  /** Undefined where nothing is known of the capacity. */
  readonly neededSeconds: number | undefined;
  readonly hadSeconds: number;
}

/**
 * Seconds for a p99 of a single queue at `ratePerSecond` that serves at most `capacityPerSecond`: 100/(μ(1−√ρ)²), without
 * end at its capacity, which is given as a day.
 *
 * @see Asmussen, "Applied Probability and Queues", III.8 (the relaxation time of a queue)
 */
export function neededWindowSeconds(ratePerSecond: number, capacityPerSecond: number): number {
  const load = ratePerSecond / capacityPerSecond;
  return load >= 1
    ? DAY_SECONDS
    : Math.min(DAY_SECONDS, RELAXATIONS / (capacityPerSecond * (1 - Math.sqrt(load)) ** 2));
}

/** Too short a window gives a range, and no p99 that may be claimed. */
export function isTooShort({ neededSeconds, hadSeconds }: Window): boolean {
  return neededSeconds !== undefined && hadSeconds < neededSeconds;
}
