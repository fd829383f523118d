/**
 * k6: connections that come, beat, are looked up and go, with a bystander on /healthz.
 *
 *   k6 run load/scenarios/connections-churn.ts -e BASE_URL=http://127.0.0.1:3000 -e STRATEGY=sync-lock
 *
 * RATE, KEYS, MEASURE_SECONDS and the rest of profile.ts may be given too. `npm run compare` registers those who beat
 * before it starts, and proves that the map agrees with the answers.
 */
import { churn } from './operations/connections.ts';
import { profileFrom } from './profile.ts';
import { scenario } from './scenario.ts';

const profile = profileFrom(__ENV);

export const { options, open, closed, bystander, handleSummary } = scenario(profile, churn(profile));
