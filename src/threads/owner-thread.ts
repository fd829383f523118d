/**
 * Entry of the owner thread: owns the state of every cell that has an owner, and answers its mailbox until the last
 * sender is gone.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Call } from '../resources/call.ts';
import { strategies } from '../strategies/index.ts';
import type { Cell, OwnerMessage } from '../strategies/strategy.ts';
import { type Letter, Receiver } from '../sync/mailbox-receiver.ts';
import type { ReplyTiming } from '../sync/mailbox.ts';
import type { Timing } from '../sync/wait.ts';
import { type Attachment, ThreadScope } from './context.ts';

export interface OwnerThreadData extends Attachment {
  /** Names of the cells to own, as `{strategy}/{resource}`. */
  readonly owned: readonly string[];
}

/** What main sends: a new sender, or that no more will come. */
export type ToOwnerThread =
  | { readonly connect: string; readonly position: number; readonly port: MessagePort }
  | 'no-more-senders';

type Methods = Readonly<Record<string, (...args: unknown[]) => unknown>>;

const data = workerData as OwnerThreadData;
const main = parentPort!;
const scope = new ThreadScope(data);
const receivers = new Map<string, Receiver<OwnerMessage, unknown>>();
const ended: Promise<void>[] = [];

for (const name of data.owned) {
  const [strategyName, resource] = name.split('/');
  const { cells } = strategies.find((strategy) => strategy.name === strategyName)!;
  const cell = cells[resource as keyof typeof cells] as Cell<unknown>;
  const state = await cell.own!(scope.cellContext(name));
  const receiver = new Receiver<OwnerMessage, unknown>(scope.permits(name));
  receivers.set(name, receiver);
  ended.push(serve(receiver, state as Methods));
}

main.on('message', (message: ToOwnerThread) => {
  if (message === 'no-more-senders') for (const receiver of receivers.values()) receiver.expectNoMore();
  else receivers.get(message.connect)!.connect(message.port, message.position);
});
scope.thread.threads.markServing(data.slot);
main.postMessage('serving');

await Promise.all(ended);
main.close(); // nothing is left to do: the thread ends when the last replies have gone

/** Calls the state's methods one message after another; a method that awaits does not hold up the next message. */
async function serve(receiver: Receiver<OwnerMessage, unknown>, state: Methods): Promise<void> {
  const answers = new Set<Promise<void>>();
  for await (const letter of receiver) {
    const answer = settle(letter, state);
    if (answer === undefined) continue;
    answers.add(answer);
    void answer.then(() => answers.delete(answer));
  }
  await Promise.all(answers);
}

function settle(letter: Letter<OwnerMessage, unknown>, state: Methods): Promise<void> | undefined {
  const [method, args] = letter.message;
  const timing = letter.timed ? new PartTimes() : undefined;
  const call: Omit<Call, 'signal'> = { remainingMs: letter.remainingMs, timing };
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
