import { readFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Pitfall, Version } from '../pitfall.ts';
import * as broken from './broken.ts';
import * as fixed from './fixed.ts';

const VOTERS = 100;

export const sharingInsteadOfAMessage: Pitfall<'lost' | 'lines'> = {
  name: 'sharing-instead-of-a-message',
  title: 'Sharing where a message would be simpler',
  symptom: 'After every restart some updates are missing that had been acknowledged, always the last ones.',
  why:
    'A closing flag tells who looks at it that the end is near. Who is past it ' +
    'already goes on writing into a map that has been stored. To get it right one must count who is inside and wait ' +
    'for them, and that count is shared state as well.',
  fix:
    'Let one task own the map, and send to it. Each writer holds a sender until its update is acknowledged. Shutting ' +
    'down is dropping the first sender: the owner receives what was sent, ends after the last one, and only then is ' +
    'the map stored. It takes some more lines than the flag that does not work, and none that must be clever.',
  embodied: {
    name: 'actor',
    path: 'src/strategies/actor/counters.ts',
    how: 'drains its mailbox and ends after the last sender; what was sent is answered first',
  },
  setting: `${VOTERS} voters come in; half of them are admitted, then the poll closes and stores its counts while the other half is on its way.`,
  measures: {
    lost: { name: 'acknowledged updates lost at shutdown', unit: '', better: 'lower' },
    lines: { name: 'lines of code', unit: '', better: 'lower' },
  },

  async measure(version) {
    const { Votes } = { broken, fixed }[version];
    const votes = new Votes();
    const late = Promise.withResolvers<void>();
    const cast = Array.from({ length: VOTERS }, (_, voter) =>
      votes.cast('green', voter % 2 === 0 ? Promise.resolve() : late.promise),
    );
    await Promise.all(cast.filter((_, voter) => voter % 2 === 0));
    let stored: number | undefined;
    const closed = votes.close(async (counts) => void (stored = counts.get('green')));
    await nextTurn(); // whoever stores without waiting for the others has done so by now
    late.resolve();
    await closed;
    const answers = await Promise.allSettled(cast);
    const acknowledged = answers.filter(({ status }) => status === 'fulfilled').length;
    return { lost: acknowledged - (stored ?? 0), lines: await linesOf(version) };
  },
};

/** Lines that are neither empty, nor a comment, nor an import. */
async function linesOf(version: Version): Promise<number> {
  const source = await readFile(new URL(`./${version}.ts`, import.meta.url), 'utf8');
  return source.split('\n').filter((line) => !/^\s*(?:$|\/\/|\/\*\*|import )/u.test(line)).length;
}
