/** An arena across real threads that are killed wherever they are. */
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { abandon } from '../../src/sync/lock-line.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { arenaMemory, NOTES, openArena, valuesOf } from '../support/arena-memory.ts';
import type { ArenaWorkerData } from '../support/arena-worker.ts';

const THREADS = 3;
const SHARE = Math.floor(NOTES / THREADS);

it.each([20_261_101, 20_261_102])('loses and doubles nothing when threads are killed (seed %d)', async (seed) => {
  const memory = arenaMemory(60_000);
  const threads = new ThreadTable(new SharedArrayBuffer(ThreadTable.bytes));
  const random = seededRandom(seed);
  const main = ThreadTable.slot(THREADS, 0);
  threads.enter(main);
  const lives = Array.from({ length: THREADS }, () => 0);
  const seats: { worker: Worker; slot: number }[] = [];

  async function seat(position: number): Promise<void> {
    const slot = ThreadTable.slot(position, lives[position]!++);
    threads.enter(slot);
    const notes = [position * SHARE, (position + 1) * SHARE] as const;
    const worker = new Worker(new URL('../support/arena-worker.ts', import.meta.url), {
      workerData: { memory, slot, notes, seed: seed + slot } satisfies ArenaWorkerData,
    });
    seats[position] = { worker, slot };
    await once(worker, 'message');
  }

  async function kill(position: number): Promise<void> {
    const { worker, slot } = seats[position]!;
    await worker.terminate();
    threads.leave(slot);
    abandon(memory.locks, slot, threads);
  }

  await Promise.all(lives.map((_, position) => seat(position)));
  for (let round = 0; round < 6; round++) {
    const position = Math.floor(random() * THREADS);
    for (let turns = Math.floor(random() * 20); turns > 0; turns--) await turn();
    await kill(position);
    await seat(position);
  }
  await Promise.all(lives.map((_, position) => kill(position)));

  const arena = openArena(memory, main);
  expect(arena.verify()).toEqual([]);
  for (let position = 0; position < THREADS; position++) arena.release(position * SHARE);
  const values = [...valuesOf(arena).entries()].filter(([, value]) => value !== '');
  expect(arena.count).toBe(values.length);
  expect(values.filter(([note, value]) => !value.endsWith(` × ${note}`))).toEqual([]);
  for (let note = 0; note < NOTES; note++) arena.release(note);
  expect([arena.used, ...arena.verify()]).toEqual([0]);
});
