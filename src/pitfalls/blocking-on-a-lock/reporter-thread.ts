/** The thread that writes one report after another, until main has seen enough. */
import { setTimeout as after } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { type LabMemory, LabSeat } from '../lab-memory.ts';
import { rendezvous, report } from '../lab-thread.ts';
import type { Version } from '../pitfall.ts';
import * as broken from './broken.ts';
import * as fixed from './fixed.ts';
import { writeReport } from './report.ts';

export interface WarehouseData {
  readonly version: Version;
  readonly memory: LabMemory;
  readonly pauseMs: number;
}

const { version, memory, pauseMs } = workerData as WarehouseData;
using seat = new LabSeat(memory, 1);
const warehouse = new { broken, fixed }[version].Warehouse(seat);
const told = new AbortController();
const over = rendezvous().then(() => told.abort());
let reports = 0;
while (!told.signal.aborted) {
  warehouse.report(writeReport);
  reports += 1;
  await after(pauseMs);
}
await over;
report(reports);
