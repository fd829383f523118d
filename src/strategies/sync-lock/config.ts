/**
 * Config, sync-lock: one blocking mutex guards the document.
 *
 * Guarantee: linearizable, whole versions only.
 * Cost: every read takes the lock, although almost none changes anything.
 */
import { replacedBy, type Config } from '../../resources/config.ts';
import { SyncMutex } from '../../sync/sync-mutex.ts';
import { CONFIG_KEY, ConfigRegister } from '../config-register.ts';
import type { Cell } from '../strategy.ts';

export const config: Cell<Config> = {
  memory: () => ({ locks: 1, bytes: ConfigRegister.bytes }),

  attach(context) {
    const { memory, settings, thread, writeThrough } = context;
    const register = new ConfigRegister(memory.data, context.lab.midway);
    const mutex = new SyncMutex(memory.locks, 0, {
      name: context.name,
      slot: thread.slot,
      timeoutMs: settings.LOCK_TIMEOUT_MS,
    });

    return {
      read(call) {
        return mutex.run(() => register.read(), call);
      },

      async replace(values, expected, call) {
        const { document, written } = mutex.run(() => {
          const next = register.update(replacedBy(values, expected));
          return { document: next, written: register.written(next) };
        }, call); // the guard ends here
        await writeThrough.stored(CONFIG_KEY, written, call); // and only then do we wait
        return document;
      },

      restore(key, written) {
        mutex.run(() => register.commit(key, written));
      },
    };
  },
};
