/** One of several threads that change the same stock as fast as they can. */
import { workerData } from 'node:worker_threads';
import { type LabMemory, LabSeat } from '../lab-memory.ts';
import { rendezvous, report } from '../lab-thread.ts';
import type { Version } from '../pitfall.ts';
import * as broken from './broken.ts';
import * as fixed from './fixed.ts';

export interface StockData {
  readonly version: Version;
  readonly memory: LabMemory;
  readonly position: number;
  readonly items: number;
  readonly forMs: number;
}

/** Changes between two looks at the clock. */
const BATCH = 1_000;

const { version, memory, position, items, forMs } = workerData as StockData;
using seat = new LabSeat(memory, position);
const stock = new { broken, fixed }[version].Stock(seat);
await rendezvous();

const startedMs = performance.now();
let changes = 0;
while (performance.now() - startedMs < forMs) {
  for (let at = 0; at < BATCH; at++) {
    const level = stock.add(at % items, 1);
    if (typeof level !== 'number') await level; // a caller of a synchronous method has nothing to wait for
  }
  changes += BATCH;
}
report((changes * 1000) / (performance.now() - startedMs));
