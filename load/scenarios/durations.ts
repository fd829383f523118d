/** How long the phases of a profile take; for the scripts and for the runner. */
import type { LoadProfile } from './profile.ts';

/** Time between the last open arrival and the closed loop, so that the one does not load the other. */
const DRAIN_SECONDS = 0.5;

/** Seconds of the open scenario, until the closed loop starts, and of the bystander, which stays to the end. */
export function durationsOf(profile: LoadProfile): {
  openSeconds: number;
  closedStartSeconds: number;
  bystanderSeconds: number;
} {
  const openSeconds = profile.warmupSeconds + profile.measureSeconds;
  const closedStartSeconds = openSeconds + DRAIN_SECONDS;
  const bystanderSeconds = profile.closedSeconds > 0 ? closedStartSeconds + profile.closedSeconds : openSeconds;
  return { openSeconds, closedStartSeconds, bystanderSeconds };
}
