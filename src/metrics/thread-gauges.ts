/**
 * What each thread says of itself, in shared memory: its heap, its event loop, its sockets, and what it saw of the
 * locks. Published once a second, so that a scrape asks nobody and no thread that is stuck holds it up.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { ServerCounts } from '../http/server.ts';
import { type MutexStats, noStats } from '../sync/mutex-stats.ts';

export const gauges = [
  'heapUsedBytes',
  'heapLimitBytes',
  'loopUtilization',
  'loopDelayP50Ms',
  'loopDelayP99Ms',
  'connections',
  'bodyBytes',
  'connectionsRefused',
  'connectionsEvicted',
  'bodiesRefused',
] as const;
export type Gauge = (typeof gauges)[number];

export const lockCounts = [
  'runs',
  'waits',
  'waitedMs',
  'holdsSampled',
  'heldMsSampled',
] as const satisfies readonly (keyof MutexStats)[];
export type LockCounts = Readonly<Record<(typeof lockCounts)[number], number>>;

const MAX_CELLS = 64;
const LINE = gauges.length + MAX_CELLS * lockCounts.length;
const PUBLISH_EVERY_MS = 1_000;
/** The delays are those of the last 15 to 30 seconds: at least one usual scrape interval. */
const FORGET_DELAYS_EVERY = 15;
/** How often the event loop is looked at. Node's histogram has the whole time between two looks, this interval included. */
const LOOK_EVERY_MS = 10;

export class ThreadGauges {
  static bytes(positions: number): number {
    return positions * LINE * Float64Array.BYTES_PER_ELEMENT;
  }

  readonly positions: number;
  readonly #values: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#values = new Float64Array(memory);
    this.positions = this.#values.length / LINE;
  }

  get(position: number, gauge: Gauge): number {
    return this.#values[position * LINE + gauges.indexOf(gauge)]!;
  }

  set(position: number, gauge: Gauge, value: number): void {
    this.#values[position * LINE + gauges.indexOf(gauge)] = value;
  }

  /** Adds what a thread saw of the locks of a cell since it said so before. */
  addLocks(position: number, cell: number, seen: LockCounts): void {
    const line = lockLine(position, cell);
    for (const [at, name] of lockCounts.entries()) this.#values[line + at]! += seen[name];
  }

  /** What all threads saw of the locks of a cell. */
  locks(cell: number): LockCounts {
    const total = noStats();
    for (let position = 0; position < this.positions; position++) {
      const line = lockLine(position, cell);
      for (const [at, name] of lockCounts.entries()) total[name] += this.#values[line + at]!;
    }
    return total;
  }
}

function lockLine(position: number, cell: number): number {
  return position * LINE + gauges.length + cell * lockCounts.length;
}

export interface Publisher {
  /** Publishes now; a scrape does, so that at least its own thread is up to date. */
  publish(): void;
  stop(): void;
}

export interface PublisherOptions {
  readonly position: number;
  /** This thread's connections and bodies. */
  readonly server: () => ServerCounts;
  /** What this thread saw of the locks of each cell, by the cell's index. */
  readonly locks: () => readonly LockCounts[];
}

export function startPublisher(values: ThreadGauges, options: PublisherOptions): Publisher {
  const { position } = options;
  const delays = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS });
  delays.enable();
  let utilization = performance.eventLoopUtilization();
  let published = options.locks();
  for (const [cell, seen] of published.entries()) values.addLocks(position, cell, seen);
  let rounds = 0;
  // What threads counted that were here before.
  const before = {
    refused: values.get(position, 'connectionsRefused'),
    evicted: values.get(position, 'connectionsEvicted'),
    bodies: values.get(position, 'bodiesRefused'),
  };

  const delayMs = (percentile: number): number => Math.max(0, delays.percentile(percentile) / 1e6 - LOOK_EVERY_MS);
  const publish = (): void => {
    const heap = getHeapStatistics();
    values.set(position, 'heapUsedBytes', heap.used_heap_size);
    values.set(position, 'heapLimitBytes', heap.heap_size_limit);
    values.set(position, 'loopDelayP50Ms', delayMs(50));
    values.set(position, 'loopDelayP99Ms', delayMs(99));
    const { open, bodyBytes, refused, evicted, bodiesRefused } = options.server();
    values.set(position, 'connections', open);
    values.set(position, 'bodyBytes', bodyBytes);
    values.set(position, 'connectionsRefused', before.refused + refused);
    values.set(position, 'connectionsEvicted', before.evicted + evicted);
    values.set(position, 'bodiesRefused', before.bodies + bodiesRefused);
    const locks = options.locks();
    for (const [cell, seen] of locks.entries()) values.addLocks(position, cell, difference(seen, published[cell]!));
    published = locks;
  };
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    values.set(position, 'loopUtilization', performance.eventLoopUtilization(now, utilization).utilization);
    utilization = now;
    publish();
    rounds += 1;
    if (rounds % FORGET_DELAYS_EVERY === 0) delays.reset();
  }, PUBLISH_EVERY_MS).unref();
  publish();
  return {
    publish,
    stop() {
      clearInterval(timer);
      delays.disable();
      publish();
    },
  };
}

function difference(now: LockCounts, before: LockCounts): LockCounts {
  return Object.fromEntries(lockCounts.map((name) => [name, now[name] - before[name]])) as Record<
    keyof LockCounts,
    number
  >;
}
