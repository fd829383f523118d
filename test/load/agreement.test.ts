import { describe, expect, it } from 'vitest';
import { agreementOf } from '../../load/agreement.ts';

describe('the agreement with a known service', () => {
  const recorded = [10.1, 10.4, 10.2, 11.9, 10.3, 10.2];
  const pairs = (factor: number) =>
    recorded.map((ms, round) => ({
      recorded: { p50: ms, p99: 2 * ms },
      measured: { p50: ms * factor * (1 + 0.001 * round), p99: 2 * ms * factor * (1 - 0.001 * round) },
    }));

  it('is there when what k6 adds is small, whatever the rounds have in common', () => {
    expect(agreementOf('p50', pairs(1.02))).toMatchObject({ agrees: true, recordedMs: { value: 10.25 } });
    expect(agreementOf('p99', pairs(1))).toMatchObject({ agrees: true });
  });

  it('is not when k6 saw another latency than the service had', () => {
    expect(agreementOf('p50', pairs(1.08))).toMatchObject({ agrees: false });
    expect(agreementOf('p99', pairs(0.9))).toMatchObject({ agrees: false });
  });
});
