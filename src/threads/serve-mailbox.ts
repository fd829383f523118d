/** The actor loop: takes letters out of a mailbox and answers each with what a method of the owned state returns. */
import type { Call } from '../resources/call.ts';
import type { OwnerMessage } from '../strategies/strategy.ts';
import { OverloadedError } from '../errors.ts';
import type { LoopTurn } from '../sync/loop-turn.ts';
import type { Letter, Receiver } from '../sync/mailbox-receiver.ts';
import type { ReplyTiming } from '../sync/mailbox.ts';
import type { Timing } from '../sync/wait.ts';

/** The owned state, whose methods take their arguments and the call. */
export type Methods = Readonly<Record<string, (...args: unknown[]) => unknown>>;

/**
 * Calls the state's methods one message after another; a method that awaits does not hold up the next message, and
 * sees in its call how long its asker still waits. A message whose asker has given up by its turn is not begun.
 * Resolves when the last sender is gone and everything was answered.
 *
 * @param turn that of the event loop, the same for all mailboxes that it serves: what it does not admit is refused before it
 * is begun; undefined: nothing is
 */
export async function serveMailbox(
  receiver: Receiver<OwnerMessage, unknown>,
  state: Methods,
  turn?: LoopTurn,
): Promise<void> {
  const answers = new Set<Promise<void>>();
  await receiver.drain((letter) => {
    if (letter.isAbandoned) return letter.skip();
    if (turn?.admits() === false) {
      return letter.fail(new OverloadedError('the owner has been behind with its work for a while; nothing was begun'));
    }
    const answer = settle(letter, state);
    if (answer === undefined) return;
    answers.add(answer);
    void answer.then(() => answers.delete(answer));
  });
  await Promise.all(answers);
}

function settle(letter: Letter<OwnerMessage, unknown>, state: Methods): Promise<void> | undefined {
  const [method, args] = letter.message;
  const timing = letter.timed ? new PartTimes() : undefined;
  const call = new OwnerCall(letter, timing);
  const startedMs = timing === undefined ? 0 : performance.now();
  try {
    const result = state[method]!(...args, call);
    const holdMs = timing === undefined ? 0 : performance.now() - startedMs;
    if (result instanceof Promise) {
      return result.then(
        (value) => letter.reply(value, timing?.with(holdMs)),
        (error: unknown) => letter.fail(error),
      );
    }
    letter.reply(result, timing?.with(holdMs));
  } catch (error) {
    letter.fail(error);
  }
  return undefined;
}

/** The asker's call as the owner sees it: its time goes on while the owner's method awaits. */
class OwnerCall implements Omit<Call, 'signal'> {
  readonly timing: Timing | undefined;
  readonly #letter: Letter<OwnerMessage, unknown>;

  constructor(letter: Letter<OwnerMessage, unknown>, timing: Timing | undefined) {
    this.#letter = letter;
    this.timing = timing;
  }

  get remainingMs(): number {
    return this.#letter.remainingMs;
  }
}

/** Collects what the owner spends on one message. */
class PartTimes implements Timing {
  #originMs = 0;

  add(part: 'wait' | 'hold' | 'origin', elapsedMs: number): void {
    if (part === 'origin') this.#originMs += elapsedMs;
  }

  with(holdMs: number): ReplyTiming {
    return { holdMs, originMs: this.#originMs };
  }
}
