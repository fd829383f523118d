import type { Clock } from '../clock.ts';
import type { WriteThrough } from '../origin/write-through.ts';
import type { DocumentOrigin, Origin, Written } from '../origin/origin.ts';
import type { RedisCell } from '../origin/redis-cell.ts';
import type { Cache } from '../resources/cache.ts';
import type { Config } from '../resources/config.ts';
import type { Connections } from '../resources/connections.ts';
import type { Counters } from '../resources/counters.ts';
import type { Settings } from '../settings.ts';
import type { Doorbell } from '../sync/doorbell.ts';
import type { HashSeed } from '../sync/key-hash.ts';
import type { Sender } from '../sync/mailbox-sender.ts';
import type { Slot, ThreadTable } from '../sync/thread-table.ts';
import type { Awaitable } from '../sync/wait.ts';

/** Every resource that the service shares, by name. A new one is a line here; the compiler names what it lacks. */
export interface Resources {
  counters: Counters;
  cache: Cache;
  connections: Connections;
  config: Config;
}

export type ResourceName = keyof Resources;

/** One way to share state. A registry line in `strategies/index.ts` is all that the rest of the project needs. */
export interface Strategy {
  /** As in the URL: `/v1/{name}/…`. */
  readonly name: string;
  /** `strategy` is compared; a `baseline` or `floor` puts it in proportion; a `control` must fail its proofs. */
  readonly kind: 'strategy' | 'baseline' | 'floor' | 'control';
  /** One sentence for tables and pages. */
  readonly summary: string;
  /** Shares nothing between threads, so it serves only alone. */
  readonly threads?: 1;
  /** What it cannot do without; it joins only where there is one, and is left out of lists elsewhere. */
  readonly needs?: 'redis';
  readonly cells: { readonly [Name in ResourceName]: Cell<Resources[Name]> | Unsupported };
}

/** One resource under one strategy. */
export interface Cell<Resource> {
  /** Shared memory that main allocates once, before any thread starts. */
  readonly memory?: (settings: Settings) => CellMemorySize;
  /** Called once in every HTTP thread, also in one that replaces a dead one. */
  attach(context: CellContext): Awaitable<(Resource & Restorable) | Unsupported>;
  /**
   * The owner of the state, where it has one: called once in the owner thread, and again in its successor. HTTP threads
   * reach it through the mailbox that `context.owner` sends into.
   */
  own?(context: CellContext): Awaitable<Resource & Restorable>;
}

/** State that can be filled from the origin when the process starts. */
export interface Restorable {
  /** Takes over what the origin has for a key. Called before anybody is served, by one thread: the first, or the owner. */
  restore?(key: string, written: Written): void;
}

export interface CellMemorySize {
  /** Locks, each a cache line that main can free when their owner dies. */
  readonly locks: number;
  readonly bytes: number;
}

/** A cell's shared memory: the same for all threads. */
export interface CellMemory {
  readonly locks: Int32Array<SharedArrayBuffer>;
  readonly data: SharedArrayBuffer;
}

/** A call of the owner's method, as it travels. */
export type OwnerMessage = readonly [method: string, args: readonly unknown[]];

/** What a cell gets to work with. It takes nothing from anywhere else. */
export interface CellContext {
  /** For names in errors: `sync-lock/counters`. */
  readonly name: string;
  /** What `memory` asked for; empty when it asked for none. */
  readonly memory: CellMemory;
  readonly settings: Settings;
  readonly thread: ThreadContext;
  readonly hashSeed: HashSeed;
  /** Times go by it; cells read no other clock. */
  readonly clock: Clock;
  /** Epochs of connections are greater: than all of earlier starts, as far as the origin and the wall clock can tell. */
  readonly firstEpoch: number;
  /** When the service started, by `clock`: the same for all threads, and those that come later. */
  readonly startedAtMs: number;
  /** This cell's part of the origin. */
  readonly origin: Origin;
  /** The documents of this cell's part of the origin, for a cache. */
  readonly documents: DocumentOrigin;
  /** This cell's own part of Redis; undefined without `REDIS_URL`. */
  readonly redis: RedisCell | undefined;
  /** Acknowledges writes once the origin has them; does nothing while `WRITE_THROUGH` is off. */
  readonly writeThrough: WriteThrough;
  /** Sends to the cell's owner; undefined where it has none. */
  readonly owner: Sender<OwnerMessage, unknown> | undefined;
  readonly lab: Lab;
}

/** The calling thread among the others. */
export interface ThreadContext {
  readonly slot: Slot;
  readonly threads: ThreadTable;
  readonly doorbell: Doorbell;
}

/** The experimenter's hand inside critical sections. */
export interface Lab {
  /** Runs in the middle of every change, inside its critical section: spends `HOLD_US`, meets injected faults. */
  readonly midway: () => void;
}

/** A cell that makes no sense: its requests get 501 with the reason, and comparisons print "n/a". */
export interface Unsupported {
  readonly unsupported: string;
}

export function unsupported(reason: string): Unsupported {
  return { unsupported: reason };
}
