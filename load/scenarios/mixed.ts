/**
 * k6: counters, cache, connections and config at once, as a service lives, with a bystander on /healthz.
 *
 *   k6 run load/scenarios/mixed.ts -e BASE_URL=http://127.0.0.1:3000 -e STRATEGY=sync-lock
 *
 * RATE, KEYS, MEASURE_SECONDS and the rest of profile.ts may be given too. The proofs are those of the parts, and are
 * made by `npm run compare`.
 */
import type { Operation } from './operation.ts';
import { cacheReads } from './operations/cache.ts';
import { configReads } from './operations/config.ts';
import { churn } from './operations/connections.ts';
import { increments } from './operations/counters.ts';
import { profileFrom } from './profile.ts';
import { scenario } from './scenario.ts';

const profile = profileFrom(__ENV);
const count = increments(profile);
const readCache = cacheReads(profile);
const readConfig = configReads(profile);
const comeAndGo = churn(profile);

/** Of six requests: two increments, two of the cache, one of the connection map, one of the config, each numbered on its own. */
const turns: readonly Operation[] = [
  (turn, params) => count(2 * turn, params),
  (turn, params) => readCache(2 * turn, params),
  (turn, params) => count(2 * turn + 1, params),
  (turn, params) => readCache(2 * turn + 1, params),
  (turn, params) => comeAndGo(turn, params),
  (turn, params) => readConfig(turn, params),
];

const operate: Operation = (iteration, params) =>
  turns[iteration % turns.length]!(Math.floor(iteration / turns.length), params);

export const { options, open, closed, bystander, handleSummary } = scenario(profile, operate);
