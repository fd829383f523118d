/**
 * k6: increments of counters, and a page of a thousand of them now and then, with a bystander on /healthz.
 *
 *   k6 run load/scenarios/counters-listing.ts -e BASE_URL=http://127.0.0.1:3000 -e STRATEGY=sync-lock -e KEYS=1000
 *
 * RATE, KEYS, MEASURE_SECONDS and the rest of profile.ts may be given too. `npm run compare` creates the counters before
 * it starts, so that a page is long from the first, and proves that no increment was lost.
 */
import { incrementsAndListings } from './operations/counters.ts';
import { profileFrom } from './profile.ts';
import { scenario } from './scenario.ts';

const profile = profileFrom(__ENV);

export const { options, open, closed, bystander, handleSummary } = scenario(profile, incrementsAndListings(profile));
