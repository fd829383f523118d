/** One thread owns a counter, the other asks it to increment, with so many asks in flight. */
import { busyPollMs } from '../../../src/sync/busy-poll.ts';
import { LOCK_WORDS } from '../../../src/sync/lock-line.ts';
import { Outbox } from '../../../src/sync/mailbox-outbox.ts';
import { Receiver } from '../../../src/sync/mailbox-receiver.ts';
import { Sender } from '../../../src/sync/mailbox-sender.ts';
import { Doorbell } from '../../../src/sync/doorbell.ts';
import { Permits } from '../../../src/sync/permits.ts';
import { SyncMutex } from '../../../src/sync/sync-mutex.ts';
import { ThreadTable } from '../../../src/sync/thread-table.ts';
import type { WaitOptions } from '../../../src/sync/wait.ts';
import type { OwnerMessage } from '../../../src/strategies/strategy.ts';
import { serveMailbox } from '../../../src/threads/serve-mailbox.ts';
import type { Attendant, Hammer, Post } from '../job.ts';

const CHUNK = 10;
/** As `MAILBOX_CAPACITY` has it. */
const CAPACITY = 1_024;
const DEADLINE_MS = 2_000;
/** One asks, one answers. */
const THREADS = 2;

class Counter {
  value = 0;

  increment(by: number): number {
    return (this.value += by);
  }
}

/** The owner as the service has it. */
export function mailboxOwner(post: Post): Attendant {
  const counter = new Counter();
  const receiver = new Receiver<OwnerMessage, unknown>(permitsOf(post), busyPollMs(THREADS));
  receiver.connect(post.port!, 1 - post.position);
  receiver.expectNoMore();
  const methods = { increment: (_key: unknown, by: unknown) => counter.increment(Number(by)) };
  return { attended: serveMailbox(receiver, methods), found: () => counter.value };
}

export function mailboxAsks(post: Post): Hammer {
  return asking(post, undefined);
}

/** As an HTTP request asks: with a deadline. */
export function mailboxAsksInTime(post: Post): Hammer {
  return asking(post, { remainingMs: DEADLINE_MS });
}

function asking(post: Post, options: WaitOptions | undefined): Hammer {
  const threads = new ThreadTable(post.memory.threads);
  const doorbell = new Doorbell(threads, ThreadTable.slot(post.position, 0));
  const outbox = new Outbox<OwnerMessage, unknown>({
    name: 'bench',
    permits: permitsOf(post),
    position: post.position,
    doorbell,
    waitMs: 1_000,
    maxWaiting: CAPACITY,
    pollMs: busyPollMs(THREADS),
    onEnd: () => doorbell[Symbol.dispose](),
  });
  outbox.connect(post.port!);
  const sender = new Sender(outbox);
  return {
    chunk: CHUNK,
    callers: post.sizes.inFlight,
    async work(times) {
      for (let time = 0; time < times; time++) await sender.ask(['increment', ['hits', 1]], options);
    },
    end: () => sender[Symbol.dispose](),
  };
}

function permitsOf({ memory, position }: Post): Permits {
  const options = { name: 'bench/permits', slot: ThreadTable.slot(position, 0), timeoutMs: 1_000 };
  const memoryOfPermits = memory.words.buffer;
  const mutex = new SyncMutex(memory.locks, LOCK_WORDS, options);
  return new Permits(memoryOfPermits, 0, CAPACITY, mutex, new ThreadTable(memory.threads));
}

type PortAsk = readonly [id: number, method: string, args: readonly unknown[]];
type PortReply = readonly [id: number, value: number];

/** What one writes without batches: a message per ask and one per reply, no permits, no deadlines. */
export function portOwner({ port }: Post): Attendant {
  const counter = new Counter();
  const attended = Promise.withResolvers<void>();
  port!.on('message', ([id, , args]: PortAsk) => {
    port!.postMessage([id, counter.increment(Number(args[1]))] satisfies PortReply);
  });
  port!.on('close', () => attended.resolve());
  return { attended: attended.promise, found: () => counter.value };
}

export function portAsks({ port, sizes }: Post): Hammer {
  const pending = new Map<number, (value: number) => void>();
  let lastId = 0;
  port!.on('message', ([id, value]: PortReply) => {
    pending.get(id)!(value);
    pending.delete(id);
  });
  const ask = (method: string, args: readonly unknown[]): Promise<number> =>
    new Promise((resolve) => {
      const id = ++lastId;
      pending.set(id, resolve);
      port!.postMessage([id, method, args] satisfies PortAsk);
    });
  return {
    chunk: CHUNK,
    callers: sizes.inFlight,
    async work(times) {
      for (let time = 0; time < times; time++) await ask('increment', ['hits', 1]);
    },
    end: () => port!.close(),
  };
}
