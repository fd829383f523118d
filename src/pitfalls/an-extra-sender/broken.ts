/** Broken: the service keeps the sender that it clones from, and nobody ever drops that one. */
import { setTimeout as after } from 'node:timers/promises';
import { mailbox } from '../../sync/mailbox.ts';
import type { Receiver } from '../../sync/mailbox-receiver.ts';
import type { Sender } from '../../sync/mailbox-sender.ts';

export interface Journal {
  readonly sender: Sender<string, number>;
  /** Resolves with the number of lines, once every sender is gone and every line is written. */
  readonly written: Promise<number>;
}

export function openJournal(): Journal {
  const { sender, receiver } = mailbox<string, number>(64);
  return { sender, written: write(receiver) };
}

/** One connection: it has a sender of its own, dropped when it ends. */
export async function serveConnection({ sender }: Journal, lines: readonly string[]): Promise<void> {
  using own = sender.clone();
  for (const line of lines) await own.ask(line);
}

/** @returns how many lines were written, or undefined when the journal had not ended in time */
export async function shutDown({ written }: Journal, timeoutMs: number): Promise<number | undefined> {
  return Promise.race([written, after(timeoutMs, undefined, { ref: false })]); // `sender` could still send: the journal waits for it
}

async function write(receiver: Receiver<string, number>): Promise<number> {
  let lines = 0;
  for await (const letter of receiver) letter.reply(++lines);
  return lines;
}
