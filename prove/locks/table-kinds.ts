/** Locks around one table whose records are changed: the blocking and the asynchronous one, several, and the pool's. */
import type { Slot } from '../../src/sync/thread-table.ts';
import { SharedTable } from '../../src/sync/shared-table.ts';
import type { CrewMemory } from '../../test/support/crew-worker.ts';
import { contentsOf, openTable, type TableShape } from '../../test/support/tables.ts';
import { REAL_MODULES } from '../../test/support/sync-modules.ts';
import type { Audit, KillKind } from './kind.ts';
import * as notes from './kill-notes.ts';

/** Where a victim stays. */
export const Point = {
  beforeChange: 0,
  /** Between the two halves of a record. */
  midway: 1,
  /** Its intent to remove is open. */
  removing: 2,
  /** Changed and not yet acknowledged. */
  afterChange: 3,
  /** With the guard held and its event loop free; only where a guard may be held so. */
  awaiting: 4,
} as const;

const THREADS = 4;
const POSITIONS = [0, 1, 2, 3];
export const ASYNC_KIND = 'AsyncMutex';
export const POOL_KIND = 'record pool';

export function tableShape(kind: string): TableShape {
  return { capacity: 40, shards: kind === 'sharded' || kind === POOL_KIND ? 4 : 1 };
}

export const tableKinds: readonly KillKind[] = ['SyncMutex', ASYNC_KIND, 'sharded', POOL_KIND].map((name) => {
  const { capacity, shards } = tableShape(name);
  return {
    name,
    threads: THREADS,
    locks: shards + 1,
    dataBytes: SharedTable.bytes(capacity, shards),
    jobs: new URL('./table-soak.ts', import.meta.url).href,
    jobAt: () => 'soak',
    victims: POSITIONS,
    points: { [ASYNC_KIND]: Point.awaiting + 1, [POOL_KIND]: 0 }[name] ?? Point.awaiting,
    steps: name === POOL_KIND ? 8 : 24,
    audit: (memory, main, deaths) => audit(name, memory, main, deaths),
  };
});

function audit(kind: string, memory: CrewMemory, main: Slot, deaths: number): Audit {
  const { notes: words } = memory;
  const opened = openTable(memory, tableShape(kind), main, REAL_MODULES);
  const contents = new Map(contentsOf(opened)); // repairs, as the next owner does
  const problems = opened.table.verify();
  let lost = 0;
  let unacknowledged = 0;
  for (let key = 0; key < notes.KEYS; key++) {
    let acknowledged = 0;
    for (const position of POSITIONS) acknowledged += words[notes.acknowledged(position, key)]!;
    const value = contents.get(`key-${key}`) ?? 0;
    lost += Math.max(0, acknowledged - value);
    unacknowledged += Math.max(0, value - acknowledged);
  }
  if (unacknowledged > deaths) problems.push(`${unacknowledged} changes that nobody made`);
  return { lost, unacknowledged, problems };
}
