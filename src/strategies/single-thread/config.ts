/**
 * Config, single-thread: a variable.
 *
 * Guarantee: linearizable, because on one event loop nothing runs between two lines without an `await`.
 * Cost: one thread.
 */
import { firstConfig, replacedBy, type Config } from '../../resources/config.ts';
import { CONFIG_KEY, storedConfig } from '../config-register.ts';
import { ThreadTable } from '../../sync/thread-table.ts';
import type { Cell } from '../strategy.ts';

export const config: Cell<Config> = {
  attach({ thread, writeThrough, lab }) {
    let version = ThreadTable.firstNumber(thread.slot); // newer than what a predecessor of this thread stored
    let current = firstConfig;

    return {
      read() {
        return current;
      },

      async replace(values, expected, call) {
        const document = replacedBy(values, expected)(current);
        lab.midway();
        current = document;
        await writeThrough.stored(CONFIG_KEY, { value: document.text, version: ++version }, call);
        return document;
      },

      restore(_key, { value }) {
        if (value !== undefined) current = storedConfig(String(value));
      },
    };
  },
};
