import { measureServed } from '../lab-server.ts';
import type { Pitfall } from '../pitfall.ts';
import type { PagesData } from './server-thread.ts';

const PARAGRAPHS = 300;
const LOAD = { times: 10, intervalMs: 100 };

const markdown = Array.from(
  { length: PARAGRAPHS },
  (_, at) =>
    `## Section ${at}\n\nSome *words*, a [link](https://example.com/${at}), \`code\`.\n\n- one\n- <b>two</b>\n`,
).join('\n');

/** As the service has it at its origin. */
const document = JSON.stringify({ key: 'long-page', value: markdown });

export const blockingTheExecutor: Pitfall<'bystander' | 'delay'> = {
  name: 'blocking-the-executor',
  title: 'Work on the event loop',
  symptom: 'When somebody opens a long page, everybody else waits, and the health check fails under load.',
  why:
    'An event loop serves one callback at a time. Rendering has no await inside, so for as long as it takes, no other ' +
    'request is read, answered or timed out. Declaring it `async` changes nothing: an async function runs on the same ' +
    'thread up to its first await, and this one has none.',
  fix:
    'Hand CPU-bound work to a pool of threads and await the answer. Not for what takes ' +
    'some tens of microseconds: the message there and back costs as much.',
  embodied: {
    name: 'the renderer',
    path: 'src/render/pool.ts',
    how: 'one worker per HTTP thread, a bounded queue in front of it, and each content rendered once',
  },
  setting: `A page of ${PARAGRAPHS} sections is rendered ${1000 / LOAD.intervalMs} times a second; /healthz is asked for 1,000 times in the same second.`,
  measures: {
    bystander: { name: 'p99 of everyone else', unit: 'ms', better: 'lower' },
    delay: { name: 'p99 of the event-loop delay', unit: 'ms', better: 'lower' },
  },

  async measure(version) {
    const data: PagesData = { version, document };
    const entry = new URL('./server-thread.ts', import.meta.url);
    const served = await measureServed(entry, data, { path: '/page', load: LOAD });
    return { bystander: served.bystanderP99Ms, delay: served.loopP99Ms };
  },
};
