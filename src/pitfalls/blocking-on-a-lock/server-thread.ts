/** The thread that serves: a level needs the lock, `/healthz` does not. */
import { workerData } from 'node:worker_threads';
import { LabSeat } from '../lab-memory.ts';
import { serveLab } from '../lab-server.ts';
import * as broken from './broken.ts';
import * as fixed from './fixed.ts';
import type { WarehouseData } from './reporter-thread.ts';

const { version, memory } = workerData as WarehouseData;
using seat = new LabSeat(memory, 0);
const warehouse = new { broken, fixed }[version].Warehouse(seat);
await serveLab((path) => String(warehouse.levelOf(Number(path.slice('/levels/'.length)))));
