import type { Pitfall } from '../pitfall.ts';
import * as broken from './broken.ts';
import * as fixed from './fixed.ts';

const CONNECTIONS = 20;
const LINES = ['first', 'second', 'third'];
const TIMEOUT_MS = 500;

export const anExtraSender: Pitfall<'shutdown' | 'gaveUp'> = {
  name: 'an-extra-sender',
  title: 'An extra sender kept in shared state',
  symptom:
    'Every deployment takes as long as the shutdown timeout, although no connection is open and nothing is left to do.',
  why:
    'A receiver ends when its last sender is gone: only then can nothing more come. The service keeps one sender to ' +
    'clone from. It belongs to no connection, so no connection drops it, and the receiver waits for a message that ' +
    'nobody will send.',
  fix:
    'Give every sender an owner, and drop it with that owner: a connection its clone, by `using`; the service the ' +
    'original, as the first step of its shutdown. Then "the last sender is gone" is the end of the work, and needs no ' +
    'flag and no timeout.',
  embodied: {
    name: 'actor',
    path: 'src/strategies/actor/index.ts',
    how: 'each thread drops its sender when it ends, and the owner thread ends after the last of them',
  },
  setting: `${CONNECTIONS} connections write ${LINES.length} lines each and end; then the service shuts down, and gives up after ${TIMEOUT_MS} ms.`,
  measures: {
    shutdown: { name: 'time to shut down', unit: 'ms', better: 'lower' },
    gaveUp: { name: 'shutdowns that ran into their timeout', unit: '', better: 'lower' },
  },

  async measure(version) {
    const { openJournal, serveConnection, shutDown } = { broken, fixed }[version];
    const journal = openJournal();
    using _sender = journal.sender; // after the measurement: a mailbox that is never closed keeps its thread alive
    await Promise.all(Array.from({ length: CONNECTIONS }, () => serveConnection(journal, LINES)));
    const startedMs = performance.now();
    const lines = await shutDown(journal, TIMEOUT_MS);
    return { shutdown: performance.now() - startedMs, gaveUp: lines === undefined ? 1 : 0 };
  },
};
