import { expect, it } from 'vitest';
import type { CellResult } from '../../load/cell.ts';
import type { Cost } from '../../load/cost.ts';
import type { InProcessResult } from '../../load/in-process/result.ts';
import { limitsOf } from '../../load/limits.ts';
import { costTables } from '../../load/report/cost-tables.ts';
import type { Results } from '../../load/results-file.ts';
import { sampleResults } from '../support/sample-results.ts';

const cost: Cost = {
  generator: 'wrk 4.2.0',
  connections: 64,
  perSecond: 60_000,
  cpuUsPerRequest: 17.3,
  requests: 21_000,
  warmupRequests: 9_000,
  generatorShare: 0.2,
  foreignCores: 0,
  stealShare: 0,
};

function found(strategy: string, threads: number, nsPerOperation: number): InProcessResult {
  const operation = 'counters, one key';
  return { round: 1, strategy, kind: 'strategy', operation, threads, nsPerOperation, operations: 9 };
}

function sampleWith(more: Partial<NonNullable<CellResult['measured']>>): Results {
  const results = sampleResults(2);
  const cells = results.cells.map((cell) => ({ ...cell, measured: { ...cell.measured!, ...more } }));
  return { ...results, cells };
}

it('shows what a request costs, beside both throughputs and what their generators took', () => {
  const [table] = costTables(sampleWith({ cost, generatorShare: { open: 0.6, closed: 0.81 } }));
  expect(table!.head).toEqual(['strategy', 'CPU µs/request', 'requests', 'wrk/s', 'its CPU', 'k6/s', 'its CPU']);
  const [row] = table!.rows;
  expect(row).toMatchObject([
    'sync-lock',
    '17.3 [17.3–17.3]',
    '≥ 21,000',
    '60,000 [60,000–60,000]',
    '20 %',
    {},
    '81 % !',
  ]);
});

it('shows what an operation costs without HTTP, by threads', () => {
  const inProcess = [found('sync-lock', 1, 120), found('sync-lock', 2, 400), found('single-thread', 1, 30)];
  const [table] = costTables({ ...sampleResults(1), inProcess });
  expect(table).toMatchObject({
    head: ['strategy', 'operation', '1 thread', '2 threads'],
    rows: [
      ['sync-lock', 'counters, one key', '120', '400'],
      ['single-thread', 'counters, one key', '30', '–'],
    ],
  });
});

it('shows nothing of files from before it was measured', () => {
  expect(costTables(sampleResults(1))).toEqual([]);
});

it('says what k6 took of the CPU, and which p99 is no claim since its window was too short', () => {
  const quiet = limitsOf(sampleResults(2)).join('\n');
  expect(quiet).not.toMatch(/closed loops|might have come out/u);
  const share = limitsOf(sampleWith({ generatorShare: { open: 0.6, closed: 0.81 } })).join('\n');
  expect(share).toContain('Of the CPU time of the closed loops k6 took 81 %');
  const short = limitsOf(sampleWith({ window: { neededSeconds: 61, hadSeconds: 7 } })).join('\n');
  expect(short).toMatch(
    /The p99 of async-lock in counters-write-through, .* ms, is one of many .* 61 s, and it had 7 s/u,
  );
  const enough = limitsOf(sampleWith({ window: { neededSeconds: 61, hadSeconds: 62 } })).join('\n');
  expect(enough).not.toContain('might have come out');
});
