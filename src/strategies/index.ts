/** The registry: one line per strategy. Routes, contract tests, load and report pick up what is here. */
import { actor } from './actor/index.ts';
import { asyncLock } from './async-lock/index.ts';
import { atomic } from './atomic/index.ts';
import { redisDirect } from './redis-direct/index.ts';
import { sharded } from './sharded/index.ts';
import { singleThread } from './single-thread/index.ts';
import { snapshot } from './snapshot/index.ts';
import type { Strategy } from './strategy.ts';
import { syncLock } from './sync-lock/index.ts';
import { unguarded } from './unguarded/index.ts';

export const strategies: readonly Strategy[] = [
  syncLock, //
  asyncLock,
  sharded,
  actor,
  snapshot,
  singleThread,
  redisDirect,
  atomic,
  unguarded,
];
