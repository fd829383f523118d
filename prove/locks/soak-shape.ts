/** The kinds of lock that holders die in, and the memory that a soak of each needs. */
import { SharedTable } from '../../src/sync/shared-table.ts';
import type { TableShape } from '../../test/support/tables.ts';

export const SOAK_KINDS = ['SyncMutex', 'AsyncMutex', 'sharded'] as const;
export type SoakKind = (typeof SOAK_KINDS)[number];

/** Waits that are kept for the quantiles. */
const WAITS_KEPT = 2 ** 18;

export function soakShape(kind: SoakKind): TableShape {
  return { capacity: 40, shards: kind === 'sharded' ? 4 : 1 };
}

export function soakBytes(kind: SoakKind): number {
  return waitsAt(kind) + WAITS_KEPT * 4;
}

/** Where the threads note their waits, behind the table. */
export function soakWaits(data: SharedArrayBuffer, kind: SoakKind): Float32Array {
  return new Float32Array(data, waitsAt(kind), WAITS_KEPT);
}

function waitsAt(kind: SoakKind): number {
  const { capacity, shards } = soakShape(kind);
  return Math.ceil(SharedTable.bytes(capacity, shards) / 64) * 64;
}
