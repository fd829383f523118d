import { describe, expect, it } from 'vitest';
import { planComparison } from '../../load/plan.ts';
import { conclusionOf, tablesOf } from '../../load/report.ts';
import { medianOf, p99Of, rowsOf } from '../../load/statistics.ts';
import { verdictOf } from '../../load/verdict.ts';
import { workloads } from '../../load/workloads.ts';
import { candidates, recordedMeasurement, recordedStored, resultOf } from '../support/recorded.ts';

const e2e = recordedMeasurement().e2e!;
const lossy = recordedStored.map((value, bucket) => (bucket === 0 ? value - 40 : value));
const row = (...results: Parameters<typeof rowsOf>[0]) => rowsOf(results, candidates)[0]!;

describe('statistics', () => {
  it('takes the median over rounds of the percentile of each round', () => {
    const rounds = [9, 1, 5].map((p50, index) =>
      resultOf('sync-lock', { round: index + 1, measurement: { e2e: { ...e2e, p50, p99: p50 * 10 } } }),
    );
    expect(row(...rounds)).toMatchObject({ rounds: 3, latency: { p50: 5, p99: 50 }, cpuUsPerRequest: 200 });
  });

  it('takes the mean of the middle two for an even number, and nothing when a value is missing', () => {
    expect(medianOf([4, 1, 3, 2])).toBe(2.5);
    expect(medianOf([1, undefined])).toBeUndefined();
    expect(medianOf([])).toBeUndefined();
  });

  it('shows no p99 below 1,000 samples', () => {
    expect(p99Of({ ...e2e, count: 1_000 })).toBe(e2e.p99);
    expect(p99Of({ ...e2e, count: 999 })).toBeUndefined();
  });

  it('calls a row saturated when a single round dropped a single arrival', () => {
    const results = [resultOf('sync-lock'), resultOf('sync-lock', { round: 2, measurement: { dropped: 1 } })];
    expect(row(...results)).toMatchObject({ latency: 'saturated', dropped: 1 });
  });

  it('withholds every figure of a strategy that failed its proof', () => {
    expect(row(resultOf('sync-lock', { stored: lossy }))).toMatchObject({
      latency: 'proof failed',
      throughputPerSecond: undefined,
      bystanderP99Ms: undefined,
      cpuUsPerRequest: undefined,
      lost: 40,
    });
  });

  it('flags a row whose generator was late', () => {
    expect(row(resultOf('sync-lock', { measurement: { schedLagP99Ms: 5.1 } })).generatorLate).toBe(true);
    expect(row(resultOf('sync-lock', { measurement: { schedLagP99Ms: 4.9 } })).generatorLate).toBe(false);
    expect(row(resultOf('sync-lock', { measurement: { unstarted: 13 } })).generatorLate).toBe(true);
  });

  it('keeps the order of the registry, whatever the order of the runs', () => {
    const rows = rowsOf([resultOf('unguarded'), resultOf('async-lock'), resultOf('sync-lock')], candidates);
    expect(rows.map(({ strategy }) => strategy)).toEqual(['sync-lock', 'async-lock', 'unguarded']);
  });
});

describe('the verdict', () => {
  const losingControl = resultOf('unguarded', { stored: lossy });

  it('passes when the control lost updates and nobody else did', () => {
    const verdict = verdictOf(rowsOf([resultOf('sync-lock'), losingControl], candidates));
    expect(verdict).toMatchObject({ passed: true, failures: [], control: [{ shown: true }] });
  });

  it('is void when the control lost none, was not measured, or was not there', () => {
    const { measured: _none, ...unmeasured } = losingControl;
    for (const control of [[resultOf('unguarded')], [{ ...unmeasured, error: 'k6 ended with code 1' }], []]) {
      const verdict = verdictOf(rowsOf([resultOf('sync-lock'), ...control], candidates));
      expect(verdict).toMatchObject({ passed: false, control: [{ shown: false }] });
      expect(verdict.control[0]!.text).toContain('VOID');
    }
  });

  it('fails, and names the strategy, when updates were lost or doubled or a run failed', () => {
    const doubled = recordedStored.map((value) => value + 1);
    const { measured: _none, ...unmeasured } = resultOf('single-thread');
    const results = [
      losingControl,
      resultOf('sync-lock', { stored: lossy }),
      resultOf('async-lock', { stored: doubled }),
      { ...unmeasured, error: 'the service did not start' },
    ];
    const { passed, failures } = verdictOf(rowsOf(results, candidates));
    expect(passed).toBe(false);
    expect(failures).toEqual([
      'counters-hot, sync-lock: 40 acknowledged increments are not in the stored values',
      'counters-hot, async-lock: 2 more increments are stored than were acknowledged or unanswered',
      'counters-hot, single-thread: the service did not start',
    ]);
  });

  it('is told in the table and in the words below it', () => {
    const plan = planComparison(
      {
        workloads: workloads.filter(({ name }) => name === 'counters-hot'),
        strategies: [],
        rounds: 1,
        seed: 1,
        threads: 2,
      },
      candidates,
    );
    const slow = resultOf('async-lock', { measurement: { closedPerSecond: 100, dropped: 3 } });
    const rows = rowsOf(
      [resultOf('sync-lock', { measurement: { closedPerSecond: 2_000 } }), slow, losingControl],
      candidates,
    );
    const table = tablesOf(rows, plan);
    expect(table).toMatch(/sync-lock\s+│ 2,000 │\s+20 │/);
    expect(table).toMatch(/async-lock\s+│\s+100 │\s+1\.0 │\s+saturated/);
    expect(table).toMatch(/unguarded \(control\)\s+│\s+– │\s+– │\s+proof failed/);
    const conclusion = conclusionOf(rows, plan, verdictOf(rows));
    expect(conclusion).toContain('sync-lock 2,000/s against async-lock 100/s, a factor of 20');
    expect(conclusion).toContain('What it cannot claim. One round');
  });
});
