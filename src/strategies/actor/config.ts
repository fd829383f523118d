/**
 * Config, actor: one thread owns the document; everyone else asks it for every read.
 *
 * Guarantee: linearizable, whole versions only.
 * Cost: a message and a reply per read. For what is read mostly this is the wrong pattern, and the comparison shows it.
 */
import { replacedBy, type Config } from '../../resources/config.ts';
import { CONFIG_KEY, ConfigRegister } from '../config-register.ts';
import type { Cell } from '../strategy.ts';
import { askOwner } from './ask-owner.ts';

export const config: Cell<Config> = {
  memory: () => ({ locks: 0, bytes: ConfigRegister.bytes }),

  /** In the owner thread: no lock, nobody else touches the document. */
  own(context) {
    const { memory, writeThrough } = context;
    const register = new ConfigRegister(memory.data, context.lab.midway);

    return {
      read() {
        return register.read();
      },

      async replace(values, expected, call) {
        const document = register.update(replacedBy(values, expected));
        await writeThrough.stored(CONFIG_KEY, register.written(document), call);
        return document;
      },

      restore(key, written) {
        register.commit(key, written);
      },
    };
  },

  /** In every HTTP thread: messages. */
  attach(context) {
    const ask = askOwner<Config>(context);

    return {
      read: (call) => ask('read', [], call),
      replace: (values, expected, call) => ask('replace', [values, expected], call),
    };
  },
};
