/**
 * Actor: one owner thread touches the state; everyone else sends messages to its bounded mailbox and awaits a reply.
 *
 * Guarantee: linearizable without any lock on the state. What waits is bounded; a full mailbox says so. Shutdown is the
 * last sender leaving: what was sent is answered before the owner ends.
 * The requests of one HTTP thread are begun in the order in which it sent them; those of different threads in any order,
 * unless one was answered before the other was sent. What nobody waits for any more by its turn is not begun.
 * Cost: one more thread, and a hop there and back per operation. Batching makes it cheap under load, not when alone.
 *
 * Use it when the state does asynchronous work of its own (loads, batches, timers) or when order must be its own.
 * Not for a plain counter or a map lookup: a short lock is a hundred times cheaper than a message.
 */
import type { Strategy } from '../strategy.ts';
import { cache } from './cache.ts';
import { config } from './config.ts';
import { connections } from './connections.ts';
import { counters } from './counters.ts';

export const actor: Strategy = {
  name: 'actor',
  kind: 'strategy',
  summary: 'one owner thread behind a bounded mailbox; everyone else sends messages',
  cells: { counters, cache, connections, config },
};
