/** A strategy's connection map in this thread, with clocks that a test steps, and what it told the origin. */
import type { OriginWrite } from '../../src/origin/origin.ts';
import { SystemClock } from '../../src/clock.ts';
import type { Connections } from '../../src/resources/connections.ts';
import { readSettings } from '../../src/settings.ts';
import { strategies } from '../../src/strategies/index.ts';
import type { Cell, CellContext, Restorable } from '../../src/strategies/strategy.ts';
import { Doorbell } from '../../src/sync/doorbell.ts';
import { LOCK_BYTES } from '../../src/sync/lock-line.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';

export interface SteppedConnections extends Disposable {
  readonly map: Connections & Restorable;
  readonly writes: OriginWrite[];
  /** Lets time pass. */
  pass(ms: number): void;
  /** Somebody sets the wall clock. */
  setWall(byMs: number): void;
  /** Runs in the middle of every change, from now on. */
  midway(run: () => void): void;
}

/** Strategies whose connection map one thread can have for itself. */
export const withConnections = strategies.filter(({ cells }) => !('unsupported' in cells.connections));

export async function steppedConnections(
  name: string,
  environment: Record<string, string> = {},
  firstEpoch = 0,
): Promise<SteppedConnections> {
  const settings = readSettings({ THREADS: '1', ...environment });
  const cell = strategies.find((one) => one.name === name)!.cells.connections as Cell<Connections>;
  const { locks, bytes } = cell.memory?.(settings) ?? { locks: 0, bytes: 0 };
  const threads = new ThreadTable(new SharedArrayBuffer(ThreadTable.bytes));
  const slot = ThreadTable.slot(0, 0);
  threads.enter(slot);
  const doorbell = new Doorbell(threads, slot);
  const steps = new SharedArrayBuffer(16);
  const [stepOf, clock] = [new Float64Array(steps), new SystemClock(undefined, steps)];
  const writes: OriginWrite[] = [];
  const changes = { midway: () => {} };
  const context: Partial<CellContext> = {
    name,
    memory: {
      locks: new Int32Array(new SharedArrayBuffer(locks * LOCK_BYTES)),
      data: new SharedArrayBuffer(bytes),
    },
    settings,
    thread: { slot, threads, doorbell },
    hashSeed: [1, 2],
    clock,
    firstEpoch,
    startedAtMs: clock.nowMs(),
    origin: {
      store: (some) => {
        writes.push(...some);
        return Promise.resolve();
      },
      load: () => Promise.resolve(undefined),
    },
    writeThrough: {
      assertTakes() {},
      stored: (key, written) => {
        writes.push({ key, value: written.value, version: written.version });
        return written.value;
      },
    },
    lab: { midway: () => changes.midway() },
  };
  const whole = context as CellContext;
  const isOwned = 'own' in cell;
  return {
    map: (await (isOwned ? cell.own!(whole) : cell.attach(whole))) as Connections & Restorable,
    writes,
    pass(ms) {
      stepOf[0]! += ms;
      stepOf[1]! += ms;
    },
    setWall(byMs) {
      stepOf[1]! += byMs;
    },
    midway(run) {
      changes.midway = run;
    },
    [Symbol.dispose]: () => doorbell[Symbol.dispose](),
  };
}
