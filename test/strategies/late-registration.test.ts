import { describe, expect, it } from 'vitest';
import { startRig } from '../support/rig.ts';
import { sharing } from '../support/served.ts';

describe('a registration that takes longer to store than it lives', () => {
  it.for(sharing)('is acknowledged, and has expired: $name', async (strategy) => {
    const settings = { WRITE_THROUGH: 'on', CONNECTION_TTL_MS: '1', ORIGIN_LATENCY_MS: '10' };
    await using rig = await startRig({ strategy, threads: 2, settings });
    const registration = { room: 'r', details: '"room":"r"', holder: undefined };
    const { connection } = await rig.connectionsOn(0).register('late', registration);
    expect(connection).toMatchObject({ id: 'late', room: 'r' });
    expect(await rig.connectionsOn(1).find('late')).toBeUndefined();
  });
});
