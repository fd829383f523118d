/**
 * Redis direct: the state is in Redis and nowhere else; every request is one command to it. What you may need instead
 * of sharing memory.
 *
 * Guarantee: linearizable, across threads and processes: Redis runs one command at a time.
 * Cost: a round trip for every request, reads included; `ORIGIN_LATENCY_MS` makes it longer, as for every other use of
 * the origin. Without Redis there is nothing: then every request fails.
 *
 * Use it when the state must outlive the process or be shared between machines anyway. Not for what one process can
 * keep by itself.
 *
 * It serves only where `REDIS_URL` is set, so a comparison takes it in with Redis as the origin (`--origin redis`) and
 * leaves it out otherwise. Its writes need no write-through: Redis has them before they are answered.
 */
import { unsupported, type Strategy } from '../strategy.ts';
import { counters } from './counters.ts';

export const redisDirect: Strategy = {
  name: 'redis-direct',
  kind: 'baseline',
  summary: 'no shared memory: every request is one command to Redis',
  needs: 'redis',
  cells: {
    counters,
    cache: unsupported('this baseline is for counters: a cache in front of Redis is what the others have'),
    connections: unsupported('this baseline is for counters: it shows what a command per request costs'),
    config: unsupported('this baseline is for counters: it shows what a command per request costs'),
  },
};
