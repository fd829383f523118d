/** A thread that wants values through a `SingleFlight`; its loads wait at a gate, or for a turn of the event loop. */
import { setImmediate as turn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { seededRandom } from '../../src/random.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { openFlights } from './flight-memory.ts';
import {
  ACKNOWLEDGED,
  type FlightWorkerData,
  type FromFlightWorker,
  GATE,
  GETS,
  LAST_LOADER,
  LOADS,
  ORIGIN,
  type ToFlightWorker,
} from './flight-messages.ts';

const { memory, slot, shared, seed } = workerData as FlightWorkerData;
const words = new Int32Array(shared);
const random = seededRandom(seed);
const port = parentPort!;
let isChurning = false;

const { flights } = openFlights(memory, slot, async (key) => {
  Atomics.add(words, LOADS, 1);
  Atomics.store(words, LAST_LOADER, ThreadTable.positionOf(slot));
  Atomics.notify(words, LOADS);
  const value = Atomics.load(words, ORIGIN);
  if (isChurning) {
    for (let turns = Math.floor(random() * 4); turns > 0; turns--) await turn();
    if (random() < 0.05) throw new RangeError('refused');
    return Buffer.from(String(value).padEnd(Math.floor(random() * 300)));
  }
  const gate = Atomics.waitAsync(words, GATE, 0);
  await gate.value;
  return Buffer.from(`${key} by load ${Atomics.load(words, LOADS)}`);
});

async function want(key: string, times: number): Promise<void> {
  const calls = Array.from({ length: times }, () => flights.get(key));
  port.postMessage('joined' satisfies FromFlightWorker);
  const got: Record<string, number> = {};
  let collapsed = 0;
  for (const flown of await Promise.all(calls)) {
    const text = Buffer.from(flown.value!).toString();
    got[text] = (got[text] ?? 0) + 1;
    if (flown.collapsed) collapsed += 1;
  }
  port.postMessage({ got, collapsed } satisfies FromFlightWorker);
}

/** Writes and reads, and counts what it read that was older than what had been acknowledged before it began. */
async function churn(): Promise<void> {
  isChurning = true;
  let stale = 0;
  const lane = async (): Promise<void> => {
    while (Atomics.load(words, GATE) === 0) {
      if (random() < 0.1) {
        flights.void('key');
        const written = Atomics.add(words, ORIGIN, 1) + 1;
        if (random() < 0.5) await turn();
        flights.void('key');
        for (let seen = 0; seen < written;) {
          const before = Atomics.compareExchange(words, ACKNOWLEDGED, seen, written);
          if (before === seen) break;
          seen = before;
        }
        continue;
      }
      const atLeast = Atomics.load(words, ACKNOWLEDGED);
      try {
        const { value } = await flights.get('key', random() < 0.1 ? { remainingMs: 1 } : {});
        if (Number(Buffer.from(value!).toString()) < atLeast) stale += 1;
      } catch {
        // refused, or too late
      }
      Atomics.add(words, GETS, 1);
      Atomics.notify(words, GETS);
      await turn();
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  port.postMessage({ stale } satisfies FromFlightWorker);
}

port.on('message', (message: ToFlightWorker) => {
  void (message === 'churn' ? churn() : want(message.key, message.times));
});
port.postMessage('joined' satisfies FromFlightWorker);
