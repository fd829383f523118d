/**
 * Config, unguarded: reads, awaits, then writes. Two writers that expected the same version both succeed.
 *
 * Guarantee: none but whole documents. Cost: the later writer silently undoes the earlier.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { replacedBy, type Config } from '../../resources/config.ts';
import { SyncMutex } from '../../sync/sync-mutex.ts';
import { CONFIG_KEY, ConfigRegister } from '../config-register.ts';
import type { Cell } from '../strategy.ts';

export const config: Cell<Config> = {
  memory: () => ({ locks: 1, bytes: ConfigRegister.bytes }),

  attach(context) {
    const { memory, settings, thread, origin } = context;
    const register = new ConfigRegister(memory.data, context.lab.midway);
    // Keeps the document's text whole. It does not span the await below.
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
        const document = mutex.run(() => register.draft(replacedBy(values, expected)), call); // read and check
        const written = mutex.run(() => register.written(document), call);
        if (settings.WRITE_THROUGH) await origin.store([{ key: CONFIG_KEY, ...written }], call); // await
        else await nextTurn();
        mutex.run(() => register.write(document), call); // act on what may be out of date by now
        return document;
      },

      restore(key, written) {
        mutex.run(() => register.commit(key, written));
      },
    };
  },
};
