/** Flights across real threads, some of which are killed. */
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { seededRandom } from '../../src/random.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { bury, flightMemory, openTable } from '../support/flight-memory.ts';
import {
  type FlightWorkerData,
  type FromFlightWorker,
  GATE,
  GETS,
  LAST_LOADER,
  LOADS,
  SHARED_WORDS,
  type ToFlightWorker,
} from '../support/flight-messages.ts';

const MAIN = ThreadTable.slot(60, 0);

function startGroup(seed = 1) {
  const memory = flightMemory(16, 4096);
  const words = new Int32Array(new SharedArrayBuffer(SHARED_WORDS * 4));
  const threads = new ThreadTable(memory.threads);
  threads.enter(MAIN);
  openTable(memory, MAIN).flights.attach();
  const seats = new Map<number, { worker: Worker; slot: number }>();
  const lives = new Map<number, number>();

  return {
    words,
    async start(position: number): Promise<void> {
      const life = lives.get(position) ?? 0;
      lives.set(position, life + 1);
      const slot = ThreadTable.slot(position, life);
      threads.enter(slot);
      const worker = new Worker(new URL('../support/flight-worker.ts', import.meta.url), {
        workerData: { memory, slot, shared: words.buffer, seed: seed + slot } satisfies FlightWorkerData,
      });
      seats.set(position, { worker, slot });
      await once(worker, 'message');
    },
    tell: (position: number, message: ToFlightWorker) => seats.get(position)!.worker.postMessage(message),
    async heard(position: number): Promise<FromFlightWorker> {
      const [message] = (await once(seats.get(position)!.worker, 'message')) as [FromFlightWorker];
      return message;
    },
    async kill(position: number): Promise<void> {
      const { worker, slot } = seats.get(position)!;
      await worker.terminate();
      bury(memory, slot);
    },
    open(): void {
      Atomics.store(words, GATE, 1);
      Atomics.notify(words, GATE);
    },
    /** Until a word has grown to `value`. */
    async reached(word: number, value: number): Promise<void> {
      for (let seen = Atomics.load(words, word); seen < value; seen = Atomics.load(words, word)) {
        await Atomics.waitAsync(words, word, seen).value;
      }
    },
    left(): unknown[] {
      const { flights, arena } = openTable(memory, MAIN);
      return [flights.count, arena.used, ...flights.verify(), ...arena.verify()];
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(Array.from(seats.values(), ({ worker }) => worker.terminate()));
    },
  };
}

const POSITIONS = [0, 1, 2, 3];

it('loads once for 10,000 callers on four threads; when its thread is killed, once more', async () => {
  await using group = startGroup();
  await Promise.all(POSITIONS.map((position) => group.start(position)));
  const join = async (position: number): Promise<void> => {
    group.tell(position, { key: 'cold', times: 2500 });
    await group.heard(position);
  };
  await Promise.all(POSITIONS.map(join));
  expect(group.words[LOADS]).toBe(1);

  const killed = group.words[LAST_LOADER]!;
  await group.kill(killed);
  await group.reached(LOADS, 2);
  const next = group.words[LAST_LOADER]!;
  expect(next).not.toBe(killed);
  await group.start(killed);
  await join(killed); // the one that took its place waits with the others
  const heard = POSITIONS.map((position) => group.heard(position));
  group.open();
  const got = await Promise.all(heard);
  const all = { 'cold by load 2': 2500 };
  expect(got).toEqual(POSITIONS.map(() => ({ got: all, collapsed: 2500 }))); // who took over had waited as well
  expect(group.words[LOADS]).toBe(2);
  expect(group.left()).toEqual([0, 0]);
});

it.each([20_261_111, 20_261_112])(
  'survives kills at any time, and nobody reads what is older than what was written (seed %d)',
  async (seed) => {
    await using group = startGroup(seed);
    const random = seededRandom(seed);
    const positions = POSITIONS.slice(0, 3);
    const begin = async (position: number): Promise<void> => {
      await group.start(position);
      group.tell(position, 'churn');
    };
    await Promise.all(positions.map(begin));
    for (let round = 0; round < 6; round++) {
      await group.reached(GETS, group.words[GETS]! + 20);
      for (let turns = Math.floor(random() * 20); turns > 0; turns--) await turn();
      const position = Math.floor(random() * positions.length);
      await group.kill(position);
      await begin(position);
    }
    await group.reached(GETS, group.words[GETS]! + 200); // everybody goes on
    const heard = positions.map((position) => group.heard(position));
    group.open();
    expect(await Promise.all(heard)).toEqual(positions.map(() => ({ stale: 0 })));
    await Promise.all(positions.map((position) => group.kill(position)));
    await Promise.all(positions.map((position) => group.start(position))); // whose attaching clears what was left
    expect(group.left()).toEqual([0, 0]);
  },
);
