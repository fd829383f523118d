/**
 * k6: everybody reads one document, which expires again and again, with a bystander on /healthz.
 *
 *   k6 run load/scenarios/cache-stampede.ts -e BASE_URL=http://127.0.0.1:3000 -e STRATEGY=sync-lock
 *
 * RATE, KEYS, MEASURE_SECONDS and the rest of profile.ts may be given too. Start the service
 * with a short CACHE_TTL_MS, such as 100; `npm run compare` also counts the origin loads.
 */
import { stampede } from './operations/cache.ts';
import { profileFrom } from './profile.ts';
import { scenario } from './scenario.ts';

const profile = profileFrom(__ENV);

export const { options, open, closed, bystander, handleSummary } = scenario(profile, stampede(profile));
