/**
 * Takes expired connections out of the map, in batches with a turn of the event loop between them. No answer depends on
 * it: it only gives room back. One thread at a time does it: the first of those that serve.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ServedStrategy } from '../app.ts';
import { unhurried } from '../resources/call.ts';
import type { Connections } from '../resources/connections.ts';
import { PART } from '../strategies/expiries.ts';
import { type Slot, ThreadTable } from '../sync/thread-table.ts';

/** Records that one batch looks at: a part, so that what it finds of when they expire is kept. */
const BATCH = PART;
const MAX_PAUSE_MS = 1_000;

export interface SweeperOptions {
  readonly slot: Slot;
  readonly threads: ThreadTable;
  readonly served: readonly ServedStrategy[];
  readonly ttlMs: number;
}

export interface Sweeper {
  stop(): void;
}

export function startSweeper({ slot, threads, served, ttlMs }: SweeperOptions): Sweeper {
  const maps = served.flatMap(({ resources: { connections } }) => ('unsupported' in connections ? [] : [connections]));
  const position = ThreadTable.positionOf(slot);
  const stop = new AbortController();
  let timer: NodeJS.Timeout;
  const schedule = (): void => {
    timer = setTimeout(() => void round(), Math.min(MAX_PAUSE_MS, Math.max(ttlMs / 4, 10))).unref();
  };
  const cursors = new Map<Connections, number>();
  const round = async (): Promise<void> => {
    const isFirst = threads.serving(position) === 0;
    for (const connections of isFirst ? maps : []) {
      cursors.set(connections, await sweepAll(connections, cursors.get(connections) ?? 0, stop.signal));
    }
    if (!stop.signal.aborted) schedule();
  };
  schedule();
  return {
    stop() {
      stop.abort();
      clearTimeout(timer);
    },
  };
}

/** @returns where the next round begins: behind a batch that failed as a whole, so that it keeps none from being reached */
async function sweepAll(connections: Connections, from: number, stop: AbortSignal): Promise<number> {
  let cursor = from;
  do {
    try {
      ({ cursor } = await connections.sweep(BATCH, cursor, unhurried));
    } catch {
      return cursor + BATCH; // a lock that cannot be had now, or an owner on its way
    }
    await nextTurn();
  } while (cursor !== 0 && !stop.aborted);
  return cursor;
}
