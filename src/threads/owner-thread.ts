/**
 * Entry of the owner thread: owns the state of every cell that has an owner, and answers its mailbox until the last
 * sender is gone.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { strategies } from '../strategies/index.ts';
import type { Cell, OwnerMessage } from '../strategies/strategy.ts';
import { FairTurns } from '../sync/fair-turns.ts';
import { LoopTurn } from '../sync/loop-turn.ts';
import { Receiver } from '../sync/mailbox-receiver.ts';
import { ThreadTable } from '../sync/thread-table.ts';
import { type Attachment, ThreadScope } from './context.ts';
import { limitWrites } from './limit-writes.ts';
import { resourceOf } from './memory.ts';
import { type Methods, serveMailbox } from './serve-mailbox.ts';
import { logOrigin, threadLog } from './thread-log.ts';

export interface OwnerThreadData extends Attachment {
  /** Names of the cells to own, as `{strategy}/{resource}`. */
  readonly owned: readonly string[];
}

/** What main sends: a new sender, or that no more will come. */
export type ToOwnerThread =
  | { readonly connect: string; readonly position: number; readonly port: MessagePort }
  | 'no-more-senders';

const data = workerData as OwnerThreadData;
const main = parentPort!;
const scope = await ThreadScope.open(data, logOrigin(threadLog(data.settings, data.slot)));
await scope.origin.connected().catch(() => {}); // what needs no origin is served without it
const receivers = new Map<string, Receiver<OwnerMessage, unknown>>();
const ended: Promise<void>[] = [];
const { MAX_STANDING_WAIT_MS, SHUTDOWN_TIMEOUT_MS } = data.settings;
/** The event loop is one, and behind or not for all of its mailboxes together: a round of theirs is what may be long. */
const turns = new FairTurns<unknown>();
const turn =
  MAX_STANDING_WAIT_MS === 0
    ? undefined
    : new LoopTurn(
        MAX_STANDING_WAIT_MS,
        () => performance.now(),
        (end) => turns.onRoundEnd(end),
      );

for (const name of data.owned) {
  const [strategyName, resource] = name.split('/');
  const { cells } = strategies.find((strategy) => strategy.name === strategyName)!;
  const cell = cells[resource as keyof typeof cells] as Cell<unknown>;
  const context = scope.cellContext(name);
  const state = await cell.own!(context);
  if (ThreadTable.isFirstLife(data.slot)) await scope.restore(name, state);
  limitWrites(state, resourceOf(name), context.writeThrough);
  const receiver = new Receiver<OwnerMessage, unknown>(scope.permits(name), scope.mailboxPollMs, turns);
  receivers.set(name, receiver);
  ended.push(serveMailbox(receiver, state as Methods, turn));
}

main.on('message', (message: ToOwnerThread) => {
  if (message === 'no-more-senders') for (const receiver of receivers.values()) receiver.expectNoMore();
  else receivers.get(message.connect)!.connect(message.port, message.position);
});
scope.thread.threads.markServing(data.slot);
main.postMessage('serving');

await Promise.all(ended);
await scope.close(SHUTDOWN_TIMEOUT_MS / 2);
main.close(); // nothing is left to do: the thread ends when the last replies have gone
