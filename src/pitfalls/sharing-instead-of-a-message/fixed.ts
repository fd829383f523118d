/** Fixed: one task owns the map; everybody sends to it, and it ends after the last who can. */
import { ShuttingDownError } from '../../errors.ts';
import { mailbox } from '../../sync/mailbox.ts';
import type { Receiver } from '../../sync/mailbox-receiver.ts';
import type { Sender } from '../../sync/mailbox-sender.ts';

export type Counts = ReadonlyMap<string, number>;

export class Votes {
  #sender: Sender<string, void> | undefined;
  readonly #counted: Promise<Counts>;

  constructor() {
    const { sender, receiver } = mailbox<string, void>(64);
    this.#sender = sender;
    this.#counted = count(receiver);
  }

  /** @param admitted resolves when the voter may vote @throws {ShuttingDownError} too late; nothing was counted */
  async cast(candidate: string, admitted: Promise<void>): Promise<void> {
    if (this.#sender === undefined) throw new ShuttingDownError('the poll is closed');
    using sender = this.#sender.clone(); // as long as it is held, the count is not over
    await admitted;
    await sender.ask(candidate);
  }

  async close(store: (counts: Counts) => Promise<void>): Promise<void> {
    this.#sender?.[Symbol.dispose](); // nobody else comes in; those who are in are waited for
    this.#sender = undefined;
    await store(await this.#counted);
  }
}

async function count(receiver: Receiver<string, void>): Promise<Counts> {
  const counts = new Map<string, number>();
  for await (const letter of receiver) {
    counts.set(letter.message, (counts.get(letter.message) ?? 0) + 1);
    letter.reply();
  }
  return counts; // every sender is gone, and every message was counted
}
