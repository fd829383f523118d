import { describe, expect, it } from 'vitest';
import { againstOf, againstText } from '../../load/against/report.ts';
import { isSlower, judgeAgainst } from '../../load/against/verdict.ts';
import { parseCommandLine } from '../../load/command-line.ts';
import { planComparison } from '../../load/plan.ts';
import { rowsOf } from '../../load/statistics/rows.ts';
import { seededRandom } from '../../load/seeded-random.ts';
import { workloads } from '../../load/workloads/index.ts';
import { candidates, recordedMeasurement, resultOf } from '../support/recorded.ts';
import { sampleResults } from '../support/sample-results.ts';
import { normal } from '../support/normal.ts';

const known = { workloads, registry: candidates };
const choiceOf = (...args: string[]) => parseCommandLine(args, known).choice;
const e2e = recordedMeasurement().e2e!;

/** Six rounds of both builds; `factor` makes this one's latencies longer. */
function roundsOf(factor: number) {
  const random = seededRandom(7);
  return Array.from({ length: 6 }, (_, index) => {
    const p99 = e2e.p99 * (1 + random() / 50);
    const run = (name: string, times: number) =>
      resultOf(name, {
        round: index + 1,
        measurement: { e2e: { ...e2e, count: 1_000, p50: e2e.p50 * times, p99: p99 * times } },
      });
    return [run('sync-lock', factor), run('sync-lock before', 1)];
  }).flat();
}

function analysisOf(factor: number, tolerance = 0.05) {
  const cells = roundsOf(factor);
  const results = { ...sampleResults(6), rounds: 6, against: { before: 'main', tolerance } };
  return { analysis: againstOf(rowsOf(cells, results.candidates), results), results };
}

describe('a plan of this build against another', () => {
  it('has every strategy of both in every round, and the control once', () => {
    const { rounds } = planComparison(
      choiceOf('--against', 'main', '--rounds', '2', '--workload', 'counters-hot'),
      candidates,
    );
    const first = rounds[0]!.map(({ candidate }) => `${candidate.name}, ${candidate.build ?? 'this'}`).toSorted();
    expect(first).toEqual([
      'async-lock before, before',
      'async-lock, this',
      'single-thread before, before',
      'single-thread, this',
      'sync-lock before, before',
      'sync-lock, this',
      'unguarded, this',
    ]);
    expect(rounds[1]!.map(({ candidate }) => candidate.strategy)).not.toContain('unguarded');
  });

  it('measures no operations in this process, which is this build alone', () => {
    expect(planComparison(choiceOf('--against', 'main', '--profile', 'standard'), candidates).inProcess).toEqual([]);
  });

  it.each([
    [['--tolerance', '5'], '--tolerance goes with --against'],
    [['--against', 'main', '--aa'], '--against and --aa are two runs'],
    [['--against', 'main', '--capacity'], '--against and --capacity'],
    [['--against', 'main', '--sweep', 'threads=1,2'], '--against and --sweep'],
    [['--against', 'main', '--agent', 'http://127.0.0.1:7777'], '--against and --agent'],
    [['--against', 'main', '--tolerance', '60'], 'from 0 to 50'],
    [['--agent', 'https://127.0.0.1'], '--agent'],
    [['--agent', 'not an address'], '--agent'],
  ])('is refused with %j', (args, message) => {
    expect(() => choiceOf(...args)).toThrow(message);
  });
});

describe('what is said of this build against another', () => {
  it('is slower when the whole interval lies beyond the tolerance', () => {
    const { analysis, results } = analysisOf(1.3);
    expect(isSlower(analysis)).toBe(true);
    const text = againstText(analysis, results);
    expect(text.rows.find(([name]) => name === 'counters-hot, sync-lock: p50')).toMatchObject([
      /p50/u,
      /^0\.77/u,
      'slower',
    ]);
    expect(text.notes.at(-1)).toBe('2 slower and 0 faster by more than 5.0 %, of 5.');
  });

  it('is not slower within it', () => {
    expect(isSlower(analysisOf(1.03).analysis)).toBe(false);
    expect(isSlower(analysisOf(1.3, 0.4).analysis)).toBe(false);
  });

  it('is faster the other way round, and that is no failure', () => {
    const { analysis } = analysisOf(0.7);
    expect(analysis.rows.map(({ outcome }) => outcome)).toContain('faster');
    expect(isSlower(analysis)).toBe(false);
  });

  it('names what the other build cannot do, and compares the rest', () => {
    const cells = [...roundsOf(1), { ...resultOf('async-lock'), round: 1 }];
    const { measured: _none, ...failed } = resultOf('async-lock before');
    const results = { ...sampleResults(6), rounds: 6, against: { before: 'main', tolerance: 0.05 } };
    const analysis = againstOf(
      rowsOf([...cells, { ...failed, error: 'it has no such strategy' }], results.candidates),
      results,
    );
    expect(analysis.missing).toEqual([expect.stringContaining('async-lock before: it has no such strategy')]);
    expect(isSlower(analysis)).toBe(false);
  });

  it('claims hardly ever anything of a build against itself', () => {
    const random = seededRandom(11);
    const rounds = () => Array.from({ length: 10 }, () => Math.exp(0.05 * normal(random)));
    const times = 400;
    const claimed = Array.from({ length: times }, () => {
      const rows = Array.from({ length: 8 }, (_, index) => ({
        name: `row ${index}`,
        after: rounds(),
        before: rounds(),
      }));
      return judgeAgainst(rows, 0).some(({ outcome }) => outcome === 'slower' || outcome === 'faster');
    }).filter(Boolean).length;
    expect(claimed / times).toBeLessThan(0.05 + 2 * Math.sqrt((0.05 * 0.95) / times));
  });
});
