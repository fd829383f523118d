import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { msText, percent as percentText, wholeText } from '../../load/format.ts';
import { markdownReport } from '../../load/report/markdown.ts';
import { utilisationPoints } from '../../load/report/plots/p99-over-utilisation.ts';
import { verdictTables } from '../../load/report/verdict-table.ts';
import type { Results } from '../../load/results-file.ts';
import { analysisOf, type Analysis } from '../../load/statistics/analysis.ts';
import { comparisonBetween, lettersFor } from '../../load/statistics/comparisons.ts';
import { metricNames, metrics, type Metric } from '../../load/statistics/metrics.ts';
import { resultOf, recordedMeasurement, recordedStored } from '../support/recorded.ts';
import { sampleResults } from '../support/sample-results.ts';

const names = ['sync-lock', 'async-lock', 'sharded', 'actor', 'single-thread'];
const workload = 'counters-write-through';
const { e2e } = recordedMeasurement();

/** One run, as bad as it can come: missing, disturbed, saturated, with a failed proof or too few samples. */
const fates = fc.oneof(
  { weight: 24, arbitrary: fc.constant('measured' as const) },
  { weight: 1, arbitrary: fc.constantFrom('missing', 'disturbed', 'late', 'saturated', 'unproved', 'few') },
);
const scale = fc.double({ min: -0.5, max: 0.5, noNaN: true });

const candidates = fc.record({
  level: fc.record({ throughput: scale, p99: scale, cpu: scale, bystander: scale }),
  noise: fc.constantFrom(0, 0.01, 0.05, 0.3),
  rounds: fc.array(fc.record({ fate: fates, draw: fc.array(scale, { minLength: 4, maxLength: 4 }) }), {
    minLength: 10,
    maxLength: 10,
  }),
});

const generated = fc
  .record({ rounds: fc.constantFrom(1, 3, 5, 6, 10), of: fc.array(candidates, { minLength: 5, maxLength: 5 }) })
  .map(({ rounds, of }): Results => {
    const cells = of.flatMap(({ level, noise, rounds: all }, index) =>
      all.slice(0, rounds).map(({ fate, draw }, round) => {
        const value = (metric: keyof typeof level, place: number, around: number) =>
          around * Math.exp(level[metric] + noise * draw[place]!);
        const flags = {
          disturbed: ['other programs ran (0.40 cores)'],
          late: ['the generator was late (9.0 ms at its p99)'],
        };
        const result = resultOf(names[index]!, {
          round: round + 1,
          workload,
          stored: fate === 'unproved' ? recordedStored.map((count) => count - 1) : recordedStored,
          flags: fate === 'disturbed' || fate === 'late' ? flags[fate] : [],
          measurement: {
            closedPerSecond: value('throughput', 0, 5_000),
            dropped: fate === 'saturated' ? 3 : 0,
            e2e: { ...e2e!, count: fate === 'few' ? 900 : 1_200, p99: value('p99', 1, 8) },
            bystander: { ...e2e!, p99: value('bystander', 3, 2) },
          },
        });
        const measured = {
          ...result.measured!,
          cpuUsPerRequest: value('cpu', 2, 100),
          generatorShare: { open: 0.2, closed: 0.5 + draw[0]! / 2 },
          window: { hadSeconds: 10, neededSeconds: index === 1 && draw[1]! > 0 ? 60 : 5 },
        };
        const { measured: _none, ...unmeasured } = result;
        const whole = fate === 'missing' ? { ...unmeasured, error: 'k6 ended' } : { ...result, measured };
        return { ...whole, kind: index === 4 ? ('baseline' as const) : ('strategy' as const) };
      }),
    );
    return { ...sampleResults(1), rounds, cells, candidates: sampleResults(1).candidates };
  });

/** What a sentence is about. */
function metricIn(sentence: string): Metric | undefined {
  const opening: readonly (readonly [string, Metric])[] = [
    ['p99 under', 'p99'],
    ['Throughput', 'throughput'],
    ['CPU per request', 'cpu'],
    ['Bystander p99', 'bystander'],
    ['You may need none', 'throughput'],
  ];
  return opening.find(([start]) => sentence.startsWith(start))?.[1];
}

function between({ comparisons }: Analysis, metric: Metric, over: string, under: string) {
  return comparisonBetween(comparisons, { workload, metric, over, under });
}

function namesIn(list: string): string[] {
  return list.split(/, | and | or /u).filter((name) => names.includes(name));
}

function pairsOf(list: readonly string[]): (readonly [string, string])[] {
  return list.flatMap((one, index) => list.slice(index + 1).map((other) => [one, other] as const));
}

describe('no sentence', () => {
  it('contradicts a row, an interval or another sentence, whatever was measured', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(generated, (results) => {
        const analysis = analysisOf(results);
        const row = (name: string) => analysis.rows.find(({ strategy }) => strategy === name)!;
        const [answer] = analysis.answers;
        const sentences = answer!.evidence;

        for (const sentence of sentences) {
          const metric = metricIn(sentence);
          if (metric === undefined) continue;
          // "X’s is 1.25 [1.16–1.36] times Y’s": the table of pairs claims it, and the rows stand in that order.
          for (const [, over, ratio, low, high, under] of sentence.matchAll(
            /([\w-]+)’s is ([\d.,]+) \[([\d.,]+)–([\d.,]+)\] times ([\w-]+)’s/gu,
          )) {
            const pair = between(analysis, metric, over!, under!)!;
            expect(pair.relation).toBe('apart');
            expect(pair.low).toBeGreaterThan(1.05);
            expect(row(over!).figures[metric]!.value).toBeGreaterThan(row(under!).figures[metric]!.value);
            expect([ratio, low, high].map(Number)).toEqual(
              [pair.ratio, pair.low, pair.high].map((value) => expect.closeTo(value, value < 10 ? 1 : -1)),
            );
          }
          // Those that a sentence puts together, no pair tells apart.
          for (const [, list, percent] of sentence.matchAll(
            /([\w-]+(?:, [\w-]+)* and [\w-]+) are at most (\d+) % apart/gu,
          )) {
            for (const [one, other] of pairsOf(namesIn(list!))) {
              const { relation, low, high } = between(analysis, metric, one, other)!;
              expect(relation).toBe('bounded');
              const most = 1 + Number(percent) / 100 + 1e-6;
              expect(Math.max(high, 1 / low)).toBeLessThanOrEqual(most);
              const quotient = row(one).figures[metric]!.value / row(other).figures[metric]!.value;
              expect(Math.max(quotient, 1 / quotient)).toBeLessThanOrEqual(most);
            }
          }
          for (const [, list] of sentence.matchAll(/between ([\w-]+(?:, [\w-]+)* and [\w-]+) it is not resolved/gu)) {
            for (const [one, other] of pairsOf(namesIn(list!))) {
              expect(between(analysis, metric, one, other)?.relation).not.toBe('apart');
            }
          }
          // "8.06 ms (sync-lock) to 9.48 ms (async-lock)": the extremes of the rows that are ranked.
          const shown = analysis.rows.filter(
            ({ kind, ranked, figures }) => kind === 'strategy' && ranked && figures[metric],
          );
          const values = shown.map(({ figures }) => figures[metric]!.value);
          for (const [, least, most] of sentence.matchAll(
            /: [\d.,]+\S* ?\S* \(([\w-]+)\) to [\d.,]+\S* ?\S* \(([\w-]+)\)/gu,
          )) {
            const ends = [row(least!), row(most!)].map(({ figures }) => figures[metric]!.value);
            expect(ends.toSorted((a, b) => a - b)).toEqual([Math.min(...values), Math.max(...values)]);
          }
        }

        // The headline never chooses one that is claimed worse, was disturbed, or failed its proof.
        const [, chosen] = /^(.*), by /u.exec(answer!.headline) ?? [];
        for (const name of namesIn(chosen ?? '')) {
          expect(row(name)).toMatchObject({ ranked: true, kind: 'strategy' });
          expect(row(name).latency).not.toBe('proof failed');
        }
        for (const [one, other] of pairsOf(namesIn(chosen ?? ''))) {
          for (const metric of metricNames.filter((item) => metrics[item].chooses)) {
            expect(between(analysis, metric, one, other)?.relation).not.toBe('apart');
          }
        }
        for (const { strategy } of analysis.rows.filter(({ ranked }) => !ranked)) {
          expect(analysis.comparisons.some(({ over, under }) => over === strategy || under === strategy)).toBe(false);
        }
        const disturbed = analysis.rows.reduce((sum, { disturbedRounds }) => sum + disturbedRounds, 0);
        const runs = analysis.rows.reduce((sum, { rounds }) => sum + rounds, 0);
        expect(disturbed * 2 > runs && !answer!.headline.startsWith('no answer')).toBe(false);

        // Of few rounds the headline quotes two rows that are a large factor apart.
        for (const [, longest, over, usual, under] of answer!.headline.matchAll(
          /p99 of (\S+) ms \((\S+)\) against (\S+) ms \((\S+)\)/gu,
        )) {
          const [most, least] = [row(over!), row(under!)].map(({ latency, ranked }) => {
            expect(ranked).toBe(true);
            return typeof latency === 'string' ? Number.NaN : latency.p99!.value;
          });
          expect([longest, usual]).toEqual([msText(most), msText(least)]);
          expect(most! / least!).toBeGreaterThanOrEqual(1.5);
        }

        // Plot and table show the figures of the rows, and hollow what may not be claimed.
        const [table] = verdictTables(results, analysis);
        const [throughputAt, shareAt] = ['throughput/s', 'k6’s share of CPU'].map((title) =>
          table!.head.indexOf(title),
        );
        for (const [index, own] of analysis.rows.entries()) {
          const cells = table!.rows[index]!;
          const { latency, throughput, figures, generatorShare, ratePerSecond } = own;
          const shown = throughput === undefined ? '–' : wholeText(throughput.value);
          expect(cells[throughputAt!]).toContain(shown);
          // A column without any figure is left out.
          expect(cells[shareAt!] ?? '–').toBe(throughput === undefined ? '–' : percentText(generatorShare!.value));
          const p99 = typeof latency === 'string' ? undefined : latency.p99?.value;
          const x = throughput === undefined ? Number.NaN : Math.min(1.2, ratePerSecond / throughput.value);
          const expected =
            p99 !== undefined && throughput !== undefined
              ? [{ x, y: p99, hollow: figures.p99 === undefined || !own.ranked }]
              : [];
          expect(utilisationPoints(own, []).filter(({ y }) => Number.isFinite(y))).toMatchObject(expected);
        }

        // Nobody who is not ranked is held against anybody.
        const timesAt = table!.head.findIndex((title) => title.startsWith('× '));
        const notRanked = analysis.rows.flatMap(({ ranked }, index) => (ranked ? [] : [table!.rows[index]![timesAt]]));
        expect(notRanked.filter((cell) => cell !== undefined && cell !== '–' && cell !== '1')).toEqual([]);

        // Letters say what the pairs say.
        for (const metric of metricNames) {
          const letters = lettersFor(analysis.rows, analysis.comparisons, metric);
          for (const [one, other] of pairsOf([...letters.keys()])) {
            const shared = letters
              .get(one)!
              .split('')
              .some((letter) => letters.get(other)!.includes(letter));
            expect(shared).toBe(between(analysis, metric, one, other)?.relation !== 'apart');
          }
        }
        expect(markdownReport(results, analysis, [])).not.toMatch(/no difference shown|NaN|undefined|Infinity/);
      }),
      { numRuns: 60 },
    );
  });
});
