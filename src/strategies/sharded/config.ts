/**
 * Config, sharded: one replica per shard. A reader takes the lock of one, a writer takes every lock in ascending order.
 *
 * Guarantee: linearizable, whole versions only: while a writer has any lock it waits for, or has, them all.
 * Cost: readers on different threads never meet; a write costs as many locks and copies as there are shards.
 */
import { replacedBy, type Config, type ConfigDocument } from '../../resources/config.ts';
import { Shards } from '../../sync/shards.ts';
import { ThreadTable } from '../../sync/thread-table.ts';
import { CONFIG_KEY, ConfigRegister, storedConfig } from '../config-register.ts';
import type { Cell } from '../strategy.ts';

export const config: Cell<Config> = {
  memory: ({ SHARDS }) => ({ locks: SHARDS, bytes: SHARDS * ConfigRegister.bytes }),

  attach(context) {
    const { memory, settings, thread, writeThrough } = context;
    const registers = Array.from(
      { length: settings.SHARDS },
      (_, shard) =>
        new ConfigRegister(memory.data, shard === 0 ? context.lab.midway : () => {}, shard * ConfigRegister.bytes),
    );
    const first = registers[0]!;
    const shards = new Shards(memory.locks, settings.SHARDS, {
      name: context.name,
      slot: thread.slot,
      timeoutMs: settings.LOCK_TIMEOUT_MS,
      // A writer that died half-way had every lock and wrote the first replica first: the others follow it. While this
      // lock is held no other writer can change the first.
      repair: (shard) => registers[shard]!.follow(first),
    });
    const mine = ThreadTable.positionOf(thread.slot) % settings.SHARDS;

    /** Runs `write` while this thread has every lock from `shard` on. */
    const withAll = <T>(shard: number, write: () => T, call: Parameters<Config['read']>[0]): T => {
      if (shard === settings.SHARDS) return write();
      return shards.of(shard).run(() => ({ result: withAll(shard + 1, write, call) }), call).result;
    };

    const replaceAll = (document: ConfigDocument): void => {
      for (const register of registers) register.write(document);
    };

    return {
      read(call) {
        return shards.of(mine).run(() => registers[mine]!.read(), call);
      },

      async replace(values, expected, call) {
        const { document, written } = withAll(
          0,
          () => {
            const next = first.draft(replacedBy(values, expected));
            replaceAll(next);
            return { document: next, written: first.written(next) };
          },
          call,
        ); // the guards end here
        await writeThrough.stored(CONFIG_KEY, written, call); // and only then do we wait
        return document;
      },

      restore(_key, { value }) {
        if (value !== undefined) replaceAll(storedConfig(String(value)));
      },
    };
  },
};
