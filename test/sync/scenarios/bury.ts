import type { Actor } from '../../support/steps/scenario.ts';

/** Main's part in a run: takes every killed thread out of the table and frees what it held. Ends with the run. */
export function buryTheDead(actor: Actor): never {
  const { table, sync, memory } = actor;
  for (;;) {
    const slot = sync.ThreadTable.slot(actor.nextDead(), 0);
    table.leave(slot);
    sync.abandon(memory.locks, slot, table);
  }
}
