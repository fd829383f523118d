/**
 * k6: heartbeats, and a page of a room of thousands now and then, with a bystander on /healthz.
 *
 *   k6 run load/scenarios/connections-listing.ts -e BASE_URL=http://127.0.0.1:3000 -e STRATEGY=sync-lock
 *
 * RATE, KEYS, MEASURE_SECONDS and the rest of profile.ts may be given too. `npm run compare` registers those who beat
 * before it starts, and proves that the map agrees with the answers.
 */
import { listing } from './operations/connections.ts';
import { profileFrom } from './profile.ts';
import { scenario } from './scenario.ts';

const profile = profileFrom(__ENV);

export const { options, open, closed, bystander, handleSummary } = scenario(profile, listing(profile));
