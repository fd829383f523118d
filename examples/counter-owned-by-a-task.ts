/** A counter owned by a task: it has no lock, because nobody else can reach it. Others send messages. */
import { mailbox } from '../src/sync/mailbox.ts';
import type { Receiver } from '../src/sync/mailbox-receiver.ts';
import type { Sender } from '../src/sync/mailbox-sender.ts';

export type Message = { readonly increment: number } | 'get';

/** @returns the sender to clone from, and when the task has ended: after the last sender was dropped */
export function spawnCounter(): { readonly counter: Sender<Message, number>; readonly ended: Promise<number> } {
  const { sender, receiver } = mailbox<Message, number>(8); // the ninth message waits for room
  return { counter: sender, ended: own(receiver) };
}

async function own(receiver: Receiver<Message, number>): Promise<number> {
  let value = 0; // the state: a local variable
  for await (const letter of receiver) {
    if (letter.message !== 'get') value += letter.message.increment;
    letter.reply(value); // the one-shot reply of this message
  }
  return value; // every sender is gone and every message was received
}
