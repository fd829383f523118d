/**
 * Atomic: one atomic word per counter. The floor of the comparison.
 *
 * Guarantee: linearizable per key. Cost: as little as sharing can cost. It cannot list, and it cannot write through,
 * because either needs two words to agree. Use it for plain statistics; not for anything with an invariant.
 */
import { unsupported, type Strategy } from '../strategy.ts';
import { counters } from './counters.ts';

export const atomic: Strategy = {
  name: 'atomic',
  kind: 'floor',
  summary: 'an atomic read-modify-write on the counter’s slot; no listing',
  cells: {
    counters,
    cache: unsupported('an entry is more than one word, and those change at different moments'),
    connections: unsupported('a connection is more than one word, and those change at different moments'),
    config: unsupported('a document is more than one word, and those change at different moments'),
  },
};
