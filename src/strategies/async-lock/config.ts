/**
 * Config, async-lock: one asynchronous mutex guards the document, and its guard is held while the origin stores.
 *
 * Guarantee: linearizable, whole versions only, and nobody sees a version that is not stored.
 * Cost: readers, who are almost everybody, queue behind the rare writer's I/O.
 */
import { replacedBy, type Config } from '../../resources/config.ts';
import { AsyncMutex } from '../../sync/async-mutex.ts';
import { CONFIG_KEY, ConfigRegister } from '../config-register.ts';
import type { Cell } from '../strategy.ts';
import { StoreFirst } from './store-first.ts';

export const config: Cell<Config> = {
  memory: () => ({ locks: 1, bytes: ConfigRegister.bytes + StoreFirst.bytes }),

  attach(context) {
    const { memory, settings, thread, origin } = context;
    const register = new ConfigRegister(memory.data, context.lab.midway);
    const mutex = new AsyncMutex(memory.locks, 0, {
      name: context.name,
      ...thread,
      timeoutMs: settings.LOCK_TIMEOUT_MS,
      maxWaiting: settings.MAX_WAITING,
    });
    const through = settings.WRITE_THROUGH ? origin : undefined;
    const stored = new StoreFirst(memory.data, ConfigRegister.bytes, through, register);

    return {
      async read(call) {
        await using _guard = await mutex.acquire(call);
        await stored.settle(call);
        return register.read();
      },

      async replace(values, expected, call) {
        await using _guard = await mutex.acquire(call);
        await stored.settle(call);
        const document = register.draft(replacedBy(values, expected));
        await stored.commit(CONFIG_KEY, register.written(document), call); // the guard is held while we wait
        return document;
      },

      restore(key, written) {
        register.commit(key, written);
      },
    };
  },
};
