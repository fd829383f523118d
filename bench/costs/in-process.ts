/** What no request reaches alone: one signal and one deadline for many waiters, and rendering. */
import { inlineEngine } from '../../src/render/inline.ts';
import { WaitQueue } from '../../src/sync/wait-queue.ts';
import { type Pair, timed, type Work } from './pair.ts';
import { doubled } from './requests.ts';

const WAITERS = 10_000;
const MARKDOWN_BYTES = 8_192;
const LONG_MS = 60_000;
/** More than it takes to make so many wait. */
const DEADLINE_MS = 100;

/** `abort()` of one signal for all, until every wait has ended. */
function abortOf(waiters: number): Work {
  return async () => {
    const queue = new WaitQueue<void>();
    const { signal, abort } = controller();
    const waits = Array.from({ length: waiters }, () => queue.wait({ signal }, LONG_MS, () => new Error('too late')));
    const ended = Promise.allSettled(waits);
    return timed(async () => {
      abort();
      await ended;
    });
  };
}

function controller() {
  const made = new AbortController();
  return { signal: made.signal, abort: () => made.abort() };
}

/** From the deadline of the first of all until every wait has ended. */
function deadlineOf(waiters: number): Work {
  return async () => {
    const queue = new WaitQueue<void>();
    const dueMs = performance.now() + DEADLINE_MS;
    const waits = Array.from({ length: waiters }, () =>
      queue.wait(undefined, DEADLINE_MS, () => new Error('too late')),
    );
    await Promise.allSettled(waits);
    return performance.now() - dueMs;
  };
}

function renderOf(bytes: number): Work {
  const line = '- **some** `text` with a [link](https://example.org/)\n';
  const markdown = line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes);
  const { signal } = new AbortController();
  const body = JSON.stringify({ key: 'page', value: { markdown } });
  return () => timed(() => inlineEngine.run(body, signal));
}

export function inProcess(): Pair[] {
  return [
    doubled('abort() of one signal, waiters', WAITERS, abortOf),
    doubled('one deadline, waiters', WAITERS, deadlineOf),
    doubled('bytes of Markdown', MARKDOWN_BYTES, renderOf),
  ];
}
