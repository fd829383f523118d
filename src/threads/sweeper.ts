/**
 * Takes expired connections out of the map, in batches with a turn of the event loop between them. No answer depends on
 * it: it only gives room back. One thread at a time does it: the first of those that serve.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ServedStrategy } from '../app.ts';
import { unhurried } from '../resources/call.ts';
import type { Connections } from '../resources/connections.ts';
import { type Slot, ThreadTable } from '../sync/thread-table.ts';

/** Records that one batch looks at. */
const BATCH = 512;
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
  const round = async (): Promise<void> => {
    const isFirst = threads.serving(position) === 0;
    for (const connections of isFirst ? maps : []) await sweepAll(connections, stop.signal);
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

async function sweepAll(connections: Connections, stop: AbortSignal): Promise<void> {
  let cursor = 0;
  do {
    try {
      ({ cursor } = await connections.sweep(BATCH, cursor, unhurried));
    } catch {
      return; // a lock that cannot be had now, or an owner on its way: the next round goes on
    }
    await nextTurn();
  } while (cursor !== 0 && !stop.aborted);
}
