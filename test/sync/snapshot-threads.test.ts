/** Snapshots across real threads, some of which are killed. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { LockTimeoutError } from '../../src/errors.ts';
import { seededRandom } from '../../src/random.ts';
import { abandon } from '../../src/sync/lock-line.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { balance, move, PROGRESS_WORDS, SIZE, STOP } from '../support/snapshot-balance.ts';
import { enteredCell, snapshotMemory } from '../support/snapshot-memory.ts';
import type { SnapshotWorkerData } from '../support/snapshot-worker.ts';

const MAIN = 60; // position of the test's own thread
const SEED = 20_261_124;

function startThreads(version = 0) {
  const memory = snapshotMemory(SIZE, version);
  const threads = new ThreadTable(memory.threads);
  const progress = new Int32Array(new SharedArrayBuffer(PROGRESS_WORDS * 4));
  const running = new Map<number, { worker: Worker; slot: number; failed: Promise<never> }>();
  const lives = new Map<number, number>();

  return {
    memory,
    threads,
    start(position: number, role: SnapshotWorkerData['role']): void {
      const life = lives.get(position) ?? 0;
      lives.set(position, life + 1);
      const slot = ThreadTable.slot(position, life);
      threads.enter(slot);
      const worker = new Worker(new URL('../support/snapshot-worker.ts', import.meta.url), {
        workerData: { memory, slot, role, progress: progress.buffer, seed: SEED + slot } satisfies SnapshotWorkerData,
      });
      const failed = once(worker, 'error').then(([error]) => Promise.reject(error as Error));
      failed.catch(() => {});
      running.set(position, { worker, slot, failed });
    },
    /** Until a thread has done `count` more things. */
    async advanced(position: number, count: number): Promise<void> {
      const until = progress[1 + position]! + count;
      for (let seen = progress[1 + position]!; seen < until; seen = Atomics.load(progress, 1 + position)) {
        const { value } = Atomics.waitAsync(progress, 1 + position, seen);
        await Promise.race([value, running.get(position)!.failed]);
      }
    },
    /** Ends a thread wherever it is. @returns what main does once the thread is gone; gives the locks that it held */
    async kill(position: number): Promise<() => number> {
      const { worker, slot } = running.get(position)!;
      await worker.terminate();
      running.delete(position);
      return () => {
        threads.leave(slot);
        return abandon(new Int32Array(memory.locks), slot, threads);
      };
    },
    /** Ends everybody in good order. */
    async stop(): Promise<void> {
      const stopped = [...running.values()].map(({ worker, failed }) =>
        Promise.race([once(worker, 'message'), failed]),
      );
      Atomics.store(progress, STOP, 1);
      Atomics.notify(progress, STOP);
      await Promise.all(stopped);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(Array.from(running.values(), ({ worker }) => worker.terminate()));
    },
  };
}

describe('SnapshotCell across threads', () => {
  it.each([
    { writers: 1, readers: 2, version: 0 },
    { writers: 2, readers: 2, version: 2 ** 31 - 2000 }, // goes round meanwhile
    { writers: 2, readers: 2, version: -2000 },
  ])('shows $readers readers whole versions while $writers write, from $version on', async (given) => {
    await using group = startThreads(given.version);
    const positions = Array.from({ length: given.writers + given.readers }, (_, position) => position);
    for (const position of positions) group.start(position, position < given.writers ? 'write' : 'read');
    await Promise.all(positions.map((position) => group.advanced(position, 3000)));
    await group.stop();
    const cell = enteredCell(group.memory, MAIN);
    expect(cell.read(() => (balance(cell), cell.field(0)))).toBe(((cell.version - given.version) >>> 0) / 2);
  });

  it('goes on when a reader dies that reads an old version, once main has seen it', async () => {
    await using group = startThreads();
    group.start(0, 'hold');
    await group.advanced(0, 1);
    const cell = enteredCell(group.memory, MAIN);
    const random = seededRandom(SEED);
    const many = (): void => {
      for (let turn = 0; turn < 2000; turn++) cell.write(() => move(cell, random));
    };
    expect(many).toThrow(LockTimeoutError);
    const bury = await group.kill(0);
    expect(many).toThrow(LockTimeoutError);
    expect(bury()).toBe(0);
    many();
    cell.read(() => balance(cell));
  });

  it('shows nothing of what writers did in whose turn they died, and the next one goes on', async () => {
    await using group = startThreads();
    const random = seededRandom(SEED);
    group.start(0, 'read');
    let diedInTurn = 0;
    for (let round = 0; round < 12; round++) {
      group.start(1, 'write');
      await group.advanced(1, 1 + Math.floor(random() * 50));
      diedInTurn += (await group.kill(1))();
      const cell = enteredCell(group.memory, MAIN, 10_000);
      const before = cell.read(() => (balance(cell), cell.field(0)));
      cell.write(() => move(cell, random));
      expect(cell.read(() => (balance(cell), cell.field(0)))).toBe(before + 1);
    }
    expect(diedInTurn).toBeGreaterThan(0);
    await group.advanced(0, 10);
    await group.stop();
  });
});
