import { randomFillSync, randomUUID } from 'node:crypto';
import { SystemClock } from '../clock.ts';
import { Faults } from './faults.ts';
import { RequestMeter } from '../metrics/request-meter.ts';
import { ThreadGauges } from '../metrics/thread-gauges.ts';
import { SharedOrigin } from '../origin/shared-origin.ts';
import type { Settings } from '../settings.ts';
import { strategies } from '../strategies/index.ts';
import type { CellMemory, ResourceName, Strategy } from '../strategies/strategy.ts';
import { abandon, LOCK_BYTES } from '../sync/lock-line.ts';
import type { HashSeed } from '../sync/key-hash.ts';
import { Permits } from '../sync/permits.ts';
import { type Slot, ThreadTable } from '../sync/thread-table.ts';

/** All memory that the threads share; plain data that goes to each of them in `workerData`. */
export interface ServiceMemory {
  /** Names the service among all that run: for the channels between its threads. */
  readonly service: string;
  /** When the service started, by the wall clock; and that less the same moment by the clock of the threads. */
  readonly startedAtMs: number;
  readonly wallOffsetMs: number;
  /** Where tests step the clocks; see `SystemClock`. */
  readonly clockSteps?: SharedArrayBuffer | undefined;
  readonly threads: SharedArrayBuffer;
  readonly hashSeed: HashSeed;
  /** See `SharedOrigin`. */
  readonly origin: SharedArrayBuffer;
  readonly metrics: MetricsBuffers;
  /** By cell name. */
  readonly cells: ReadonlyMap<string, CellBuffers>;
}

/** The memory of one cell, and of the mailbox of its owner where it has one. */
interface CellBuffers {
  readonly locks: SharedArrayBuffer;
  readonly data: SharedArrayBuffer;
  readonly faults: SharedArrayBuffer;
  readonly mailbox: MailboxBuffers | undefined;
}

/** Where the HTTP threads count, a part for each. */
interface MetricsBuffers {
  readonly requests: SharedArrayBuffer;
  readonly gauges: SharedArrayBuffer;
}

export interface MailboxBuffers {
  readonly locks: SharedArrayBuffer;
  readonly permits: SharedArrayBuffer;
}

/** `sync-lock/counters`: names a cell in errors, and its part of the origin. */
export function cellName(strategy: Strategy, resource: ResourceName): string {
  return `${strategy.name}/${resource}`;
}

/** The resource of a cell, by its name. */
export function resourceOf(name: string): ResourceName {
  return name.slice(name.lastIndexOf('/') + 1) as ResourceName;
}

/** The strategies that these settings serve, in the registry's order. */
export function servedStrategies({ STRATEGIES, CONTROLS }: Settings): Strategy[] {
  return strategies.filter(
    ({ name, kind }) => STRATEGIES.includes(name) || (CONTROLS && (kind === 'control' || kind === 'floor')),
  );
}

/** Allocates what the cells of the strategies ask for, and draws the seed of the key hash. */
export function allocateMemory(
  settings: Settings,
  served: readonly Strategy[] = servedStrategies(settings),
): ServiceMemory {
  const cells = new Map<string, CellBuffers>();
  for (const strategy of served) {
    for (const [resource, cell] of Object.entries(strategy.cells)) {
      if ('unsupported' in cell) continue;
      const { locks, bytes } = cell.memory?.(settings) ?? { locks: 0, bytes: 0 };
      cells.set(cellName(strategy, resource as ResourceName), {
        locks: new SharedArrayBuffer(locks * LOCK_BYTES),
        data: new SharedArrayBuffer(bytes),
        faults: new SharedArrayBuffer(Faults.bytes),
        mailbox: cell.own === undefined ? undefined : mailboxBuffers(),
      });
    }
  }
  const [k0, k1] = randomFillSync(new Int32Array(2));
  const threads = new SharedArrayBuffer(ThreadTable.bytes);
  const metrics = {
    requests: new SharedArrayBuffer(RequestMeter.bytes(settings.THREADS)),
    gauges: new SharedArrayBuffer(ThreadGauges.bytes(settings.THREADS)),
  };
  const origin = new SharedArrayBuffer(SharedOrigin.bytes);
  const startedAtMs = Date.now();
  const wallOffsetMs = new SystemClock().wallOffsetMs();
  const started = { service: randomUUID(), startedAtMs, wallOffsetMs };
  return { ...started, threads, hashSeed: [k0!, k1!], origin, metrics, cells };
}

function mailboxBuffers(): MailboxBuffers {
  return { locks: new SharedArrayBuffer(LOCK_BYTES), permits: new SharedArrayBuffer(Permits.bytes) };
}

export function cellMemory(memory: ServiceMemory, name: string): CellMemory {
  const { locks, data } = memory.cells.get(name)!;
  return { locks: new Int32Array(locks), data };
}

/**
 * Takes a dead thread out of the table, then frees what it held: in this order nothing is handed to it after.
 * Main calls it once the thread is gone.
 *
 * @returns how many locks it held
 */
export function bury(memory: ServiceMemory, slot: Slot): number {
  const threads = new ThreadTable(memory.threads);
  threads.leave(slot);
  let held = 0;
  for (const { locks, mailbox } of memory.cells.values()) {
    held += abandon(new Int32Array(locks), slot, threads);
    if (mailbox !== undefined) held += abandon(new Int32Array(mailbox.locks), slot, threads);
  }
  return held;
}
