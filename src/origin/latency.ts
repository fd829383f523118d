import type { Random } from '../random.ts';

/** How slow an origin is made, besides what it takes by itself. */
export interface OriginLatency {
  /** Delay of every answer, in milliseconds. */
  readonly latencyMs: number;
  /** Each delay differs from `latencyMs` by at most this. */
  readonly jitterMs: number;
  /** Draws the jitter, so that a seed repeats it. */
  readonly random: Random;
}

/** The delay of the next call, in milliseconds. */
export function drawDelayMs({ latencyMs, jitterMs, random }: OriginLatency): number {
  return jitterMs === 0 ? latencyMs : Math.max(0, latencyMs + jitterMs * (2 * random() - 1));
}
