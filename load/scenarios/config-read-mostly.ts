/**
 * k6: reads of the config, 1 request in 1,000 a write, with a bystander on /healthz.
 *
 *   k6 run load/scenarios/config-read-mostly.ts -e BASE_URL=http://127.0.0.1:3000 -e STRATEGY=sync-lock
 *
 * RATE, KEYS, MEASURE_SECONDS and the rest of profile.ts may be given too. That versions have
 * neither gaps nor doubles can only be told afterwards: `npm run compare` does that.
 */
import { configReads } from './operations/config.ts';
import { profileFrom } from './profile.ts';
import { scenario } from './scenario.ts';

const profile = profileFrom(__ENV);

export const { options, open, closed, bystander, handleSummary } = scenario(profile, configReads(profile));
