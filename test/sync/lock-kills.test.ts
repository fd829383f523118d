import { describe, expect, it } from 'vitest';
import { killHolders } from '../../prove/locks/kills.ts';
import { SOAK_KINDS } from '../../prove/locks/soak-shape.ts';

/** Deaths of a holder per kind of lock; `prove/locks.ts` has a thousand. */
const KILLS = 12;

describe.each(SOAK_KINDS)('%s, whose holders are killed', (kind) => {
  it('hangs nobody, loses nothing acknowledged, and shows nothing half-written', { timeout: 60_000 }, async () => {
    const result = await killHolders({ kind, threads: 3, kills: KILLS, seed: 7 });
    expect(result).toMatchObject({ hangs: 0, lost: 0, torn: 0, told: 0, problems: [] });
    expect(result.heldDeaths).toBeGreaterThanOrEqual(KILLS);
    expect(result.repairs + result.diedRepairing).toBeGreaterThanOrEqual(result.heldLocks);
  });
});
