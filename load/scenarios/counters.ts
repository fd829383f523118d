/**
 * k6: increments of counters, with a bystander on /healthz.
 *
 *   k6 run load/scenarios/counters.ts -e BASE_URL=http://127.0.0.1:3000 -e STRATEGY=sync-lock
 *
 * RATE, KEYS, MEASURE_SECONDS and the rest of profile.ts may be given too. Whether an acknowledged increment was lost
 * can only be told afterwards, from the stored values: `npm run compare` does that.
 */
import { increments } from './operations/counters.ts';
import { profileFrom } from './profile.ts';
import { scenario } from './scenario.ts';

const profile = profileFrom(__ENV);

export const { options, open, closed, bystander, handleSummary } = scenario(profile, increments(profile));
