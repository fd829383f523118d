import { expect, it } from 'vitest';
import { inProcess } from '../../bench/costs/in-process.ts';
import { costOf, type Pair } from '../../bench/costs/pair.ts';
import { measured, summarize } from '../../bench/costs/suite.ts';
import { ratioTable } from '../../bench/report.ts';

const pair: Pair = { name: 'a refusal', atMost: 2, over: async () => 6, under: async () => 2 };

it('takes the ratio within each round, and says where it is more than it may be', async () => {
  const { signal } = new AbortController();
  const options = { rounds: 2, seconds: 1, seed: 1, signal, progress: () => {} };
  const { ratios, series } = summarize(await measured([pair], options, { samples: 3, budgetMs: 1_000 }));
  expect(ratios).toEqual([{ name: 'a refusal', atMost: 2, values: [3, 3] }]);
  expect(series.map(({ values }) => values)).toEqual([
    [6_000, 6_000],
    [2_000, 2_000],
  ]);
  expect(ratioTable(ratios)[1]).toEqual(['a refusal', '3.00 (3.00–3.00)', '≤ 2', 'missed']);
});

it('does both of a pair at least once, whatever they take, and no more often than it should', async () => {
  let times = 0;
  const counted: Pair = { ...pair, over: async () => ++times };
  await costOf(counted, { samples: 5, budgetMs: 0 });
  expect(times).toBe(1);
  await costOf(counted, { samples: 5, budgetMs: 60_000 });
  expect(times).toBe(6);
});

it('has something to tell of every pair in process', async () => {
  for (const one of inProcess()) {
    const { overUs, underUs } = await costOf(one, { samples: 1, budgetMs: 0 });
    expect(overUs).toBeGreaterThan(0);
    expect(underUs).toBeGreaterThan(0);
  }
});
