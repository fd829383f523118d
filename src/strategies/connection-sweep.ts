/**
 * Gives the room of connections that are gone back: in the background, and for a registration that finds none.
 *
 * Guarantee: what cannot be taken out now, for whatever reason, keeps nothing else from leaving, and what was taken out
 * is told to the origin, whatever becomes of the rest.
 * Cost: records that seem to be there cost a look and no lock. Where no part of the map can have room, none is looked at.
 */
import { CapacityError, LockTimeoutError, VersionsHeldError } from '../errors.ts';
import type { OriginWrite } from '../origin/origin.ts';
import type { Awaitable, WaitOptions } from '../sync/wait.ts';
import { whenUnheld } from '../sync/when-unheld.ts';
import type { ConnectionTable } from './connection-table.ts';
import { earliestOfNew, PART } from './expiries.ts';
import { type InShardFor, putInList } from './in-shard.ts';
import { storeInBackground } from './store-in-background.ts';
import type { CellContext } from './strategy.ts';

export interface SweepBatch {
  /** Where to go on, 0 when the end was reached. */
  readonly cursor: number;
  readonly swept: number;
  /** Deletions and renewed leases for the origin. */
  readonly writes: readonly OriginWrite[];
  /** Some stayed because readers hold so many versions: to be tried again a moment later. */
  readonly held?: VersionsHeldError | undefined;
}

export interface SweepRequest {
  /** Records to look at. */
  readonly limit: number;
  readonly cursor: number;
  /** Whether leases at the origin are to be extended. */
  readonly renews: boolean;
}

/** How the records of a strategy are reached. */
export interface SweepGuards {
  readonly inShard: InShardFor;
  /** Runs a look at records without the lock. */
  readonly looking?: (look: () => void) => void;
}

/** Takes out what is gone among some records. */
export function sweepBatch(
  table: ConnectionTable,
  { limit, cursor, renews }: SweepRequest,
  { inShard, looking = (look) => look() }: SweepGuards,
  call: WaitOptions = {},
): SweepBatch {
  const { entries } = table;
  const due = new Map<number, number[]>();
  let next = 0;
  looking(() => {
    const end = Math.min(cursor + limit, entries.end);
    next = end < entries.end ? end : 0;
    const { nowMs } = table.moment();
    const living = table.expiries.living();
    let earliestMs = earliestOfNew(table, nowMs);
    for (let record = cursor; record < end; record++) {
      const shard = entries.shardAt(record);
      if (shard === -1) continue;
      const isThere = table.isThere(record, nowMs);
      earliestMs = Math.min(earliestMs, isThere ? table.expiresAtMs(record) : nowMs);
      if (!isThere || (renews && table.isLeaseOld(record))) putInList(due, shard, record);
    }
    if (limit === PART && cursor % PART === 0) table.expiries.tell(cursor / PART, earliestMs, living);
  });

  const writes: OriginWrite[] = [];
  let patience = call;
  let held: VersionsHeldError | undefined;
  /** In a section of their own. @returns whether it went well: if not, nothing of it happened */
  const tidy = (shard: number, records: readonly number[]): boolean => {
    const found: OriginWrite[] = [];
    try {
      inShard(patience)(shard, () => {
        for (const record of records) {
          const written = table.tidy(record, shard, renews);
          if (written !== undefined) found.push(written);
        }
      });
    } catch (error) {
      if (error instanceof LockTimeoutError) throw error;
      return false;
    }
    writes.push(...found);
    return true;
  };
  for (const [shard, records] of due) {
    try {
      for (let at = 0; at < records.length; at += entries.leaveTogether) {
        const group = records.slice(at, at + entries.leaveTogether);
        if (tidy(shard, group) || group.length === 1) continue;
        for (const record of group) tidy(shard, [record]); // one of them alone fails
      }
    } catch (error) {
      if (error instanceof VersionsHeldError) held = error;
      patience = { remainingMs: 0 }; // this lock cannot be had; others that nobody holds can
    }
  }
  return { cursor: next, swept: writes.filter(({ value }) => value === undefined).length, writes, held };
}

/** The sweep of a strategy, and how its registrations find room. */
export interface Sweeping {
  readonly sweep: (limit: number, cursor: number, call: WaitOptions) => Awaitable<Pick<SweepBatch, 'cursor' | 'swept'>>;

  /**
   * Runs a write. Where there is no room, some of those that are gone and that the sweep has not reached leave, each in a
   * section before the write's: what a snapshot's turn takes out is free in the next only.
   *
   * @throws {CapacityError} everybody that is there is alive
   * @throws {VersionsHeldError} some are gone, but readers hold so many versions that none can leave now
   */
  readonly reclaiming: <T>(write: () => T, call?: WaitOptions) => T;
}

export function sweeping(context: CellContext, table: ConnectionTable, guards: SweepGuards): Sweeping {
  /** @returns the batch, whose writes are on their way to the origin */
  const sweepSome = (request: SweepRequest, call?: WaitOptions): SweepBatch => {
    const batch = sweepBatch(table, request, guards, call);
    storeInBackground(context, batch.writes);
    return batch;
  };

  const reclaim = (call?: WaitOptions): boolean => {
    for (const part of table.expiries.due(table.moment().nowMs)) {
      const { swept, held } = sweepSome({ limit: PART, cursor: part * PART, renews: false }, call);
      if (swept > 0) return true;
      if (held !== undefined) throw held;
    }
    return false;
  };

  return {
    sweep(limit, cursor, call) {
      let swept = 0;
      const sweepAgain = () => {
        const batch = sweepSome({ limit, cursor, renews: context.settings.WRITE_THROUGH }, call);
        swept += batch.swept;
        if (batch.held !== undefined) throw batch.held;
        return { cursor: batch.cursor, swept };
      };
      return whenUnheld(sweepAgain, call);
    },
    reclaiming(write, call) {
      for (;;) {
        try {
          return write();
        } catch (error) {
          if (!(error instanceof CapacityError) || !reclaim(call)) throw error;
        }
      }
    },
  };
}
