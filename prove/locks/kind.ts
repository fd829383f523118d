/** What a kill run needs to know of a kind of lock, or of whatever else a thread can die with. */
import type { Crew } from '../../test/support/crew.ts';
import type { CrewMemory } from '../../test/support/crew-worker.ts';
import type { Slot, ThreadTable } from '../../src/sync/thread-table.ts';

export interface KillKind {
  readonly name: string;
  readonly threads: number;
  readonly locks: number;
  readonly dataBytes: number;
  /** Module whose `jobs` the threads do until they are stopped; `KillParams` is what they get. */
  readonly jobs: string;
  readonly jobAt: (position: number) => string;
  /** Whether a thread must be replaced before what it left is taken over, by others that do not rest meanwhile. */
  readonly isRestless?: boolean;
  /** Positions whose threads are killed. */
  readonly victims: readonly number[];
  /** Named points at which a victim can stay, numbered from 0; none where steps say it all. */
  readonly points: number;
  /** Atomic steps of a victim, taken while it holds something, among which its last one is picked. */
  readonly steps: number;
  /** What a thread can hold besides locks, in a word. */
  readonly besides?: string;
  /** How much of that a thread that has just ended holds. */
  readonly holds?: (memory: CrewMemory, slot: Slot) => number;
  /** Whether others have taken over what the dead held besides locks. */
  readonly isTakenOver?: (memory: CrewMemory, threads: ThreadTable) => boolean;
  /** Called once a thread has begun its job. */
  readonly onStarted?: (crew: Crew, position: number) => Promise<void>;
  /** Looks at what is left when all threads have stopped; repairs as a next owner, in the slot of `main`. */
  readonly audit: (memory: CrewMemory, main: Slot, deaths: number) => Audit;
}

export interface KillParams {
  readonly kind: string;
  readonly seed: number;
  /** A wait that takes this long is a hang. */
  readonly hangMs: number;
}

export interface Audit {
  /** Acknowledged changes that are gone. */
  readonly lost: number;
  /** Changes that took effect although their thread died before it could say so, or their caller was told of a loss. */
  readonly unacknowledged: number;
  readonly problems: readonly string[];
}

/** Waits that are kept for the quantiles. */
export const WAITS_KEPT = 2 ** 18;

/** Where the threads of a kill run note their waits, behind the kind's own data. */
export function waitsOf(data: SharedArrayBuffer): Float32Array {
  return new Float32Array(data, data.byteLength - WAITS_KEPT * 4, WAITS_KEPT);
}

/** Bytes for a kind's own data and the waits. */
export function withWaits(dataBytes: number): number {
  return Math.ceil(dataBytes / 64) * 64 + WAITS_KEPT * 4;
}
