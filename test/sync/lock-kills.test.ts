import { describe, expect, it } from 'vitest';
import { killKinds } from '../../prove/locks/kill-kinds.ts';
import { killHolders } from '../../prove/locks/kills.ts';

/** Deaths of a holder per kind; `prove/locks.ts` has a thousand. */
const KILLS = 12;

describe.each(killKinds)('$name, whose holders are killed', (kind) => {
  it('hangs nobody, loses nothing acknowledged, and shows nothing half-written', { timeout: 60_000 }, async () => {
    const result = await killHolders({ kind, kills: KILLS, seed: 7 });
    expect(result).toMatchObject({ hangs: 0, lost: 0, torn: 0, problems: [] });
    expect(result.heldDeaths).toBeGreaterThanOrEqual(KILLS);
    expect(result.repairs).toBe(result.heldLocks);
  });
});
