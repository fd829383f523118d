/** What threads do over and over, without HTTP: calls of the same code that answers requests. */
import type { Call } from '../../src/resources/call.ts';
import type { Config } from '../../src/resources/config.ts';
import type { Counters } from '../../src/resources/counters.ts';
import { keyName } from '../scenarios/profile.ts';

export interface Resources {
  readonly counters: Counters;
  readonly config: Config;
}

/** As a request without a deadline has it. */
const call: Call = { remainingMs: 2 ** 31 - 1, signal: new AbortController().signal, timing: undefined };

const KEYS = 1_000;

/** By what tables call them: each makes the call number `index` of its thread. */
export const operations = {
  'counters, 1,000 keys': ({ counters }) => {
    const keys = Array.from({ length: KEYS }, (_, index) => keyName(index));
    return (index) => counters.increment(keys[(index * 7) % KEYS]!, 1, call);
  },
  'counters, one key': ({ counters }) => {
    const key = keyName(0);
    return () => counters.increment(key, 1, call);
  },
  'config, reads': ({ config }) => {
    return () => config.read(call);
  },
} satisfies Record<string, (resources: Resources) => (index: number) => unknown>;

export type OperationName = keyof typeof operations;
