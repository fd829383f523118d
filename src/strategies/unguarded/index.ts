/**
 * Unguarded: check, then act, with an await in between. The control that must lose updates.
 *
 * Guarantee: none. Cost: correctness. Served only with `CONTROLS=on` or where `STRATEGIES` names it.
 */
import type { Strategy } from '../strategy.ts';
import { cache } from './cache.ts';
import { config } from './config.ts';
import { connections } from './connections.ts';
import { counters } from './counters.ts';

export const unguarded: Strategy = {
  name: 'unguarded',
  kind: 'control',
  summary: 'reads, awaits, then writes; it must lose updates',
  cells: { counters, cache, connections, config },
};
