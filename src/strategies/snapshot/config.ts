/**
 * Config, snapshot: readers use the published version; one writer at a time publishes the next.
 *
 * Guarantee: linearizable, whole versions only, and no reader ever waits.
 * Cost: an unchanged version costs a reader one atomic load, and it gets the object it got before. A write copies the
 * pages of the document.
 */
import { replacedBy, type Config } from '../../resources/config.ts';
import { SnapshotCell } from '../../sync/snapshot-cell.ts';
import { whenUnheld } from '../../sync/when-unheld.ts';
import { CONFIG_KEY, storedConfig } from '../config-register.ts';
import type { Cell } from '../strategy.ts';
import { ConfigPages } from './config-pages.ts';

export const config: Cell<Config> = {
  memory: () => ({ locks: 1, bytes: SnapshotCell.bytes(ConfigPages.size) }),

  attach(context) {
    const { memory, settings, thread, writeThrough } = context;
    const snapshots = new SnapshotCell({
      ...ConfigPages.size,
      data: memory.data,
      lock: { locks: memory.locks, line: 0 },
      name: context.name,
      slot: thread.slot,
      threads: thread.threads,
      timeoutMs: settings.LOCK_TIMEOUT_MS,
    });
    const pages = new ConfigPages(snapshots, context.lab.midway);
    const current = snapshots.remembering(() => pages.read());

    return {
      read() {
        return current();
      },

      async replace(values, expected, call) {
        const replace = () => {
          const next = pages.update(replacedBy(values, expected));
          return { document: next, written: pages.written(next) };
        };
        const { document, written } = await whenUnheld(() => snapshots.write(replace, call), call); // the turn ends here
        await writeThrough.stored(CONFIG_KEY, written, call); // and only then do we wait
        return document;
      },

      restore(_key, { value }) {
        if (value !== undefined) snapshots.write(() => pages.update(() => storedConfig(String(value))));
      },
    };
  },
};
