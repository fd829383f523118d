/** What a thread that wants values through a `SingleFlight` and its test share and tell each other. */
import type { Slot } from '../../src/sync/thread-table.ts';
import type { FlightMemory } from './flight-memory.ts';

/** Opens once, for all loads; ends the churning too. */
export const GATE = 0;
export const LOADS = 1;
/** Position of the thread that began the last load. */
export const LAST_LOADER = 2;
/** What the origin has; loads bring it, writers count it up. */
export const ORIGIN = 3;
/** Writes that are acknowledged. */
export const ACKNOWLEDGED = 4;
export const GETS = 5;
export const SHARED_WORDS = 16;

export interface FlightWorkerData {
  readonly memory: FlightMemory;
  readonly slot: Slot;
  readonly shared: SharedArrayBuffer;
  readonly seed: number;
}

/** To want a key so often at once; or one of several again and again, until the gate opens. */
export type ToFlightWorker = { readonly key: string; readonly times: number } | 'churn';
/** `joined` comes when all calls have joined, `got` when they have ended: how many with that value, how many collapsed. */
export type FromFlightWorker =
  | 'joined'
  | { readonly got: Readonly<Record<string, number>>; readonly collapsed: number }
  | { readonly stale: number };
