/**
 * k6: 95 % reads through the cache by Zipf's law, 3 % writes, 2 % invalidations, with a bystander on /healthz.
 *
 *   k6 run load/scenarios/cache-read-heavy.ts -e BASE_URL=http://127.0.0.1:3000 -e STRATEGY=sync-lock
 *
 * RATE, KEYS, MEASURE_SECONDS and the rest of profile.ts may be given too. Start the
 * service with CACHE_TTL_MS as it suits; `npm run compare` also counts the origin loads.
 */
import { cacheReads } from './operations/cache.ts';
import { profileFrom } from './profile.ts';
import { scenario } from './scenario.ts';

const profile = profileFrom(__ENV);

export const { options, open, closed, bystander, handleSummary } = scenario(profile, cacheReads(profile));
