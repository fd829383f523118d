import { describe, expect, it } from 'vitest';
import type { InProcessResult } from '../../load/in-process/result.ts';
import { tablesOf } from '../../load/report/terminal.ts';
import { analysisOf } from '../../load/statistics/analysis.ts';
import { comparisonBetween, comparisonsOf } from '../../load/statistics/comparisons.ts';
import { p99Of, rowsOf } from '../../load/statistics/rows.ts';
import { trialVerdict } from '../../load/statistics/trial-verdict.ts';
import { verdictOf } from '../../load/statistics/verdict.ts';
import { candidates, recordedMeasurement, recordedStored, resultOf } from '../support/recorded.ts';
import { sampleResults } from '../support/sample-results.ts';

const e2e = recordedMeasurement().e2e!;
const lossy = recordedStored.map((value, bucket) => (bucket === 0 ? value - 40 : value));
const row = (...results: Parameters<typeof rowsOf>[0]) => rowsOf(results, candidates)[0]!;

describe('the rows', () => {
  it('take the median over rounds of the percentile of each round', () => {
    const rounds = [9, 1, 5].map((p50, index) =>
      resultOf('sync-lock', { round: index + 1, measurement: { e2e: { ...e2e, p50, p99: p50 * 10 } } }),
    );
    expect(row(...rounds)).toMatchObject({
      rounds: 3,
      latency: { p50: { value: 5, low: 1, high: 9 }, p99: { value: 50 } },
      cpuUsPerRequest: { value: 200 },
    });
  });

  it('show no p99 below 1,000 samples, and no p99.9 below 10,000', () => {
    expect(p99Of({ ...e2e, count: 1_000 })).toBe(e2e.p99);
    expect(p99Of({ ...e2e, count: 999 })).toBeUndefined();
    expect(row(resultOf('sync-lock'))).toMatchObject({ latency: { p999: undefined } });
    const many = resultOf('sync-lock', { measurement: { e2e: { ...e2e, count: 10_000 } } });
    expect(row(many)).toMatchObject({ latency: { p999: { value: e2e.percentiles['99.9'] } } });
  });

  it('are saturated when a single round dropped a single arrival', () => {
    const results = [resultOf('sync-lock'), resultOf('sync-lock', { round: 2, measurement: { dropped: 1 } })];
    expect(row(...results)).toMatchObject({ latency: 'saturated', dropped: 1 });
  });

  it('withhold every figure of a strategy that failed its proof', () => {
    expect(row(resultOf('sync-lock', { stored: lossy }))).toMatchObject({
      latency: 'proof failed',
      throughput: undefined,
      goodputPerSecond: undefined,
      bystanderP99Ms: undefined,
      cpuUsPerRequest: undefined,
      broken: 40,
      perRound: { throughput: [undefined], cpu: [undefined] },
    });
  });

  it('count the rounds that were disturbed, and mark a rate beyond the generator', () => {
    const results = [resultOf('sync-lock'), resultOf('sync-lock', { round: 2, flags: ['the CPU was busy (93 %)'] })];
    expect(row(...results)).toMatchObject({ flaggedRounds: 1, flags: ['the CPU was busy (93 %)'], rounds: 2 });
    const [beyond] = rowsOf(results, candidates, 299);
    expect(beyond).toMatchObject({ beyondGenerator: true, perRound: { p99: [undefined, undefined], cpu: [100, 200] } });
    expect(rowsOf(results, candidates, 300)[0]!.beyondGenerator).toBe(false);
  });

  it('keep the order of the registry, whatever the order of the runs', () => {
    const rows = rowsOf([resultOf('unguarded'), resultOf('async-lock'), resultOf('sync-lock')], candidates);
    expect(rows.map(({ strategy }) => strategy)).toEqual(['sync-lock', 'async-lock', 'unguarded']);
  });

  it('pair rounds by their number, also where one is missing', () => {
    const { measured: _none, ...failed } = resultOf('sync-lock', { round: 2 });
    const rounds = [
      resultOf('sync-lock', { round: 3 }),
      { ...failed, error: 'k6 ended with code 1' },
      resultOf('sync-lock'),
    ];
    expect(row(...rounds).perRound.cpu).toEqual([100, undefined, 300]);
  });
});

describe('the verdict', () => {
  const losingControl = resultOf('unguarded', { stored: lossy });

  it('passes when the control failed its proof and nobody else did', () => {
    const verdict = verdictOf(rowsOf([resultOf('sync-lock'), losingControl], candidates));
    expect(verdict).toMatchObject({ passed: true, failures: [], control: [{ shown: true }] });
  });

  it('is void when the control passed, was not measured, or was not there', () => {
    const { measured: _none, ...unmeasured } = losingControl;
    for (const control of [[resultOf('unguarded')], [{ ...unmeasured, error: 'k6 ended with code 1' }], []]) {
      const verdict = verdictOf(rowsOf([resultOf('sync-lock'), ...control], candidates));
      expect(verdict).toMatchObject({ passed: false, control: [{ shown: false }] });
      expect(verdict.control[0]!.text).toContain('VOID');
    }
  });

  it('fails, and names the strategy, when its proof or a run failed', () => {
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
    expect(failures).toHaveLength(3);
    expect(failures[0]).toMatch(/^counters-hot, sync-lock: the proof failed: .* 40 lost, 0 too many stored$/);
    expect(failures[1]).toMatch(/^counters-hot, async-lock: the proof failed: .* 0 lost, 2 too many stored$/);
    expect(failures[2]).toBe('counters-hot, single-thread: the service did not start');
  });
});

describe('what is claimed', () => {
  const six = analysisOf(sampleResults(6));
  const between = (over: string, under: string) =>
    comparisonBetween(six.comparisons, { workload: 'counters-write-through', metric: 'throughput', over, under })!;

  it('is a difference of a quarter in six rounds, either way round; one per cent is bounded', () => {
    expect(between('sync-lock', 'actor')).toMatchObject({ relation: 'apart', ratio: expect.closeTo(1.3, 1) });
    expect(between('actor', 'sync-lock')).toMatchObject({ relation: 'apart', ratio: expect.closeTo(0.77, 1) });
    expect(between('sync-lock', 'sharded').relation).toBe('bounded');
  });

  it('is nothing where the rounds contradict each other, however large the middle', () => {
    const wild = [0.8, 1.7, 0.9, 1.8, 1.0, 1.5];
    const cells = sampleResults(6).cells.map((cell) => {
      const { measurement } = cell.measured!;
      const closedPerSecond = 1_000 * (cell.strategy === 'sharded' ? wild[cell.round - 1]! : 1);
      return { ...cell, measured: { ...cell.measured!, measurement: { ...measurement, closedPerSecond } } };
    });
    const { comparisons } = analysisOf({ ...sampleResults(6), cells });
    const pair = {
      workload: 'counters-write-through',
      metric: 'throughput',
      over: 'sharded',
      under: 'sync-lock',
    } as const;
    expect(comparisonBetween(comparisons, pair)).toMatchObject({
      relation: 'unresolved',
      ratio: expect.closeTo(1.2, 0),
    });
  });

  it('never concerns the control', () => {
    expect(six.comparisons.some(({ over, under }) => [over, under].includes('unguarded'))).toBe(false);
  });

  it('becomes the answer: what to choose and by what, and how far behind the others are', () => {
    const [answer] = six.answers;
    expect(answer!.headline).toBe('sync-lock, sharded or snapshot, by throughput');
    const evidence = answer!.evidence.join(' ');
    expect(evidence).toMatch(/sync-lock’s is 39 \[\d+–\d+\] times async-lock’s/);
    expect(evidence).toMatch(/sync-lock, sharded and snapshot are at most \d+ % apart/);
    expect(evidence).toContain('You may need none of this: single-thread');
    expect(evidence).not.toContain('no difference');
  });

  it('is nothing in one round, which names large factors only', () => {
    const one = analysisOf(sampleResults(1));
    expect(one.comparisons).toEqual([]);
    expect(one.answers[0]!.headline).toBe('no answer from one round, only large factors');
    expect(one.answers[0]!.evidence.join(' ')).toMatch(
      /In throughput, 1\d\d\/s \(async-lock\) to 7,\d+\/s .*a factor of \d\d\./,
    );
  });

  it('of one round names a tail that is far longer than the usual one', () => {
    const results = sampleResults(1);
    const cells = results.cells.map((cell) => {
      if (cell.strategy !== 'async-lock') return cell;
      const measured = cell.measured!;
      const long = { ...measured.measurement.e2e!, p99: 70.8 };
      const window = { hadSeconds: 7, neededSeconds: 60 }; // too short for a claim
      return { ...cell, measured: { ...measured, window, measurement: { ...measured.measurement, e2e: long } } };
    });
    const [answer] = analysisOf({ ...results, cells, arrivals: 'random' }).answers;
    expect(answer!.headline).toMatch(
      /^a p99 of 70\.8 ms \(async-lock\) against 8\.\d+ ms \(sync-lock\) under random arrivals, in one round$/,
    );
  });

  it('is nothing of a strategy that something foreign disturbed in most of its rounds', () => {
    const results = disturbedIn(sampleResults(6), ({ strategy, round }) => strategy === 'actor' && round < 4);
    const { comparisons, answers, rows } = analysisOf(results);
    expect(rows.find(({ strategy }) => strategy === 'actor')).toMatchObject({ ranked: false, disturbedRounds: 3 });
    expect(comparisons.some(({ over, under }) => over === 'actor' || under === 'actor')).toBe(false);
    expect(answers[0]!.evidence[0]).toBe('Not ranked, since disturbed: actor (3 of 6 runs).');
    expect(answers[0]!.evidence.slice(1).join(' ')).not.toContain('actor');
  });

  it('leaves out a round that was disturbed, from the figures as from the pairs', () => {
    const spoilt = sampleResults(6).cells.map((cell) => {
      if (cell.strategy !== 'sync-lock' || cell.round !== 2) return cell;
      const measurement = { ...cell.measured!.measurement, closedPerSecond: 1 };
      return { ...cell, measured: { ...cell.measured!, measurement, flags: ['other programs ran (1.20 cores)'] } };
    });
    const { rows, comparisons } = analysisOf({ ...sampleResults(6), cells: spoilt });
    expect(rows[0]).toMatchObject({ strategy: 'sync-lock', rounds: 6, throughput: { rounds: 5 } });
    expect(rows[0]!.throughput!.low).toBeGreaterThan(7_000);
    expect(comparisons[0]).toMatchObject({ over: 'sync-lock', rounds: 5 });
  });

  it('is no answer where most runs were disturbed, but the generator’s own lateness takes none away', () => {
    const foreign = disturbedIn(sampleResults(6), ({ round }) => round > 2);
    expect(analysisOf(foreign).answers[0]).toMatchObject({
      headline: expect.stringMatching(/^no answer, since \d+ of \d+ runs were disturbed$/),
      evidence: [],
    });
    const late = disturbedIn(sampleResults(6), () => true, 'the generator was late (7.0 ms at its p99)');
    expect(analysisOf(late).answers[0]!.headline).toContain('by throughput');
  });
});

function disturbedIn(
  results: ReturnType<typeof sampleResults>,
  which: (cell: (typeof results.cells)[number]) => boolean,
  flag = 'the hypervisor took CPU time (4.0 %)',
): typeof results {
  const cells = results.cells.map((cell) =>
    which(cell) ? { ...cell, measured: { ...cell.measured!, flags: [flag] } } : cell,
  );
  return { ...results, cells };
}

/** The sample’s `sync-lock` beside a copy of itself whose p50 is `factor` times as long. */
const twice = (
  factor: number,
  trial: 'aa' | 'slowed',
  names: readonly [string, string],
  inProcess: readonly InProcessResult[] = [],
) => {
  const results = sampleResults(6);
  const own = results.cells.filter(({ strategy }) => strategy === 'sync-lock');
  const second = own.map((cell) => {
    const { measurement } = cell.measured!;
    const p50 = measurement.e2e!.p50 * factor * (1 + 0.002 * cell.round);
    return {
      ...cell,
      strategy: names[1],
      measured: { ...cell.measured!, measurement: { ...measurement, e2e: { ...measurement.e2e!, p50 } } },
    };
  });
  const cells = [...own.map((cell) => ({ ...cell, strategy: names[0] })), ...second];
  const rows = rowsOf(
    cells,
    names.map((name) => ({ name })),
  );
  return trialVerdict(trial, rows, comparisonsOf(rows), { simulated: 50, inProcess });
};

const burning = (extra: readonly number[]): InProcessResult[] =>
  [0, 1, 3, 6, 12].flatMap((burntUs, index) =>
    Array.from({ length: 6 }, (_, round) => ({
      round: round + 1,
      strategy: burntUs === 0 ? 'x' : `x burning ${burntUs} µs`,
      kind: 'strategy' as const,
      operation: 'counters, 1,000 keys',
      threads: 1,
      nsPerOperation:
        (2_000 + extra[index]!) * [1, 1.3, 0.8, 1, 1.1, 0.9][round]! * (1 + 0.004 * ((round + index) % 3)),
      operations: 1e5,
    })),
  );

describe('a trial', () => {
  it('passes when the same is not told apart, and when 20 % are', () => {
    expect(twice(1, 'aa', ['x A', 'x B'])).toMatchObject({
      passed: true,
      text: expect.stringContaining('nothing is claimed'),
    });
    expect(twice(1.2, 'slowed', ['x', 'x slowed'])).toMatchObject({ passed: true });
  });

  it('says what its noise lets be found', () => {
    expect(twice(1, 'aa', ['x A', 'x B']).text).toMatch(
      /of the same, anything is claimed in [\d.]+ %\. Differences found in four of five comparisons: .*throughput from [\d.]+ %/,
    );
  });

  it('names from which size on burnt CPU is found in process, by pairs of rounds', () => {
    const found = twice(1.2, 'slowed', ['x', 'x slowed'], burning([0, 10, 3_000, 6_000, 12_000]));
    expect(found.passed).toBe(false); // 1 µs is more than a tenth
    expect(found.text).toMatch(
      /In process: found from 3 µs \(\d+ % of 2\.\d+\) on \(1 µs .* not found, .*; 3 µs .* found, 2\.\d+ \[/,
    );
    expect(twice(1.2, 'slowed', ['x', 'x slowed'], burning([0, 1_000, 3_000, 6_000, 12_000])).passed).toBe(true);
    expect(twice(1.2, 'slowed', ['x', 'x slowed'], burning([0, 0, 0, 0, 0])).passed).toBe(false);
  });

  it('fails the other way round', () => {
    expect(twice(1.2, 'aa', ['x A', 'x B']).passed).toBe(false);
    expect(twice(1, 'slowed', ['x', 'x slowed']).passed).toBe(false);
    expect(twice(0.8, 'slowed', ['x', 'x slowed']).passed).toBe(false);
  });
});

it('the table shows figures, and reasons where there are none', () => {
  const results = sampleResults(1);
  const cells = results.cells.map((cell) => ({
    ...cell,
    measured: { ...cell.measured!, generatorShare: { open: 0.2, closed: 0.41 } },
  }));
  const saturated = cells.map((cell) =>
    cell.strategy === 'async-lock'
      ? { ...cell, measured: { ...cell.measured, measurement: { ...cell.measured.measurement, dropped: 3 } } }
      : cell,
  );
  const all = { ...results, cells: saturated };
  const table = tablesOf(analysisOf(all), all);
  expect(table).toMatch(/sync-lock\s+│ 7,\d+ │ 41 % │\s+\d\d │\s+6\.\d+ │/);
  expect(table).toMatch(/async-lock\s+│\s+1\d\d │ 41 % │\s+1 │\s+saturated/);
  expect(table).toMatch(/unguarded \(control\)\s+│\s+– │\s+– │\s+– │\s+proof failed/);
});
