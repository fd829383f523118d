import { once } from 'node:events';
import { setImmediate as elsewhere } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { countTo, SharedCounter } from '../../examples/counter-behind-a-mutex.ts';
import { spawnCounter } from '../../examples/counter-owned-by-a-task.ts';

it('a counter behind a sync mutex loses nothing between threads and between tasks', async () => {
  const memory = new SharedArrayBuffer(128);
  const example = new URL('../../examples/counter-behind-a-mutex.ts', import.meta.url).href;
  const worker = new Worker(
    `import { workerData } from 'node:worker_threads';
     const { countTo, SharedCounter } = await import(${JSON.stringify(example)});
     await countTo(new SharedCounter(workerData, 2), 500, async () => {});`,
    { eval: true, workerData: memory, execArgv: ['--input-type=module'] },
  );
  const counter = new SharedCounter(memory, 1);
  const tasks = Array.from({ length: 4 }, () => countTo(counter, 100, () => elsewhere()));
  await Promise.all([...tasks, once(worker, 'exit')]);
  expect(counter.increment()).toBe(901);
});

it('a counter owned by a task answers every message and ends when its last sender is dropped', async () => {
  const { counter, ended } = spawnCounter();
  const other = counter.clone();
  const replies = await Promise.all(Array.from({ length: 20 }, () => counter.ask({ increment: 2 })));
  expect(replies).toEqual(Array.from({ length: 20 }, (_, at) => 2 * (at + 1)));

  counter[Symbol.dispose]();
  expect(() => counter.ask('get')).toThrow('dropped');
  expect(await other.ask('get')).toBe(40); // one sender is left, so the task goes on

  const last = other.ask({ increment: 1 });
  other[Symbol.dispose]();
  expect(await ended).toBe(41); // what was sent before the drop was received
  expect(await last).toBe(41);
});
