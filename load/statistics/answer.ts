/** The answer, per workload: which strategy and why, with what evidence, and "no difference shown" where that is so. */
import { listText, msText, ratioText, wholeText } from '../format.ts';
import type { Results } from '../results-file.ts';
import type { CapacityRow } from './capacities.ts';
import { claimBetween, type Claim } from './claims.ts';
import type { Row } from './rows.ts';

export interface Answer {
  readonly workload: string;
  /** Who it is, in a few words. */
  readonly headline: string;
  /** Sentences. */
  readonly evidence: readonly string[];
}

/** With fewer rounds nothing can be claimed, and only factors this large are named. */
const CLAIMABLE_ROUNDS = 5;
const COARSE_FACTOR = 1.5;

/** Of the generator's own ceiling, the share from which a throughput says more about it than about a strategy. */
export const CEILING_SHARE = 0.8;

interface Case {
  readonly results: Results;
  readonly rows: readonly Row[];
  readonly claims: readonly Claim[];
  readonly capacities: readonly CapacityRow[];
}

/** One answer per workload that was measured. Of a sweep, the answer is in its crossovers. */
export function answersOf(
  results: Results,
  rows: readonly Row[],
  claims: readonly Claim[],
  capacities: readonly CapacityRow[],
): Answer[] {
  if (results.sweep !== undefined || results.trial !== undefined) return [];
  return results.workloads.flatMap(({ name }) => {
    const own = {
      results,
      rows: rows.filter((row) => row.workload === name),
      claims: claims.filter((claim) => claim.workload === name),
      capacities: capacities.filter((row) => row.workload === name),
    };
    return own.rows.length === 0 ? [] : [answerOf(name, own)];
  });
}

function answerOf(workload: string, own: Case): Answer {
  const strategies = own.rows
    .filter(({ kind, throughput }) => kind === 'strategy' && throughput !== undefined)
    .toSorted((a, b) => b.throughput!.value - a.throughput!.value);
  const [best] = strategies;
  if (best === undefined) return { workload, headline: 'no strategy could be measured', evidence: [] };
  const others = strategies.slice(1);
  const coarse = own.results.rounds < CLAIMABLE_ROUNDS;
  const behind = others.filter((row) => (coarse ? isFarBehind(row, best) : isClaimed(own.claims, row, best)));
  const level = others.filter((row) => !behind.includes(row));
  const names = [best, ...level].map(({ strategy }) => strategy);
  return {
    workload,
    headline: headlineOf(names, behind.length),
    evidence: [
      ...disturbedSentences(own.rows),
      throughputSentence(best, level, coarse),
      ...(behind.length === 0 ? [] : [behindSentence(behind, best, own.claims, coarse)]),
      ...latencySentences(own, coarse),
      ...capacitySentences(own),
      ...costSentences(own, strategies),
      ...baselineSentences(own, best, coarse),
      ...ceilingSentences(own.results, best),
    ],
  };
}

/** A flagged run is kept, and said to be one before anything is made of it. */
function disturbedSentences(rows: readonly Row[]): string[] {
  const flagged = rows.reduce((sum, row) => sum + row.flaggedRounds, 0);
  const runs = rows.reduce((sum, row) => sum + row.rounds, 0);
  return flagged * 2 < runs ? [] : [`${flagged} of ${runs} runs were disturbed: take only large factors for real.`];
}

function headlineOf(names: readonly string[], behind: number): string {
  if (names.length === 1) return behind === 0 ? `${names[0]} alone was measured` : names[0]!;
  return behind === 0 ? `no difference shown between ${listText(names)}` : listText(names, 'or');
}

function throughputSentence(best: Row, level: readonly Row[], coarse: boolean): string {
  const rate = `${best.strategy} answers ${wholeText(best.throughput!.value)}/s with 50 clients`;
  if (level.length === 0) return `${rate}.`;
  const names = listText(level.map(({ strategy }) => strategy));
  return coarse
    ? `${rate}; ${names} within a factor of ${COARSE_FACTOR}, which one round cannot tell from noise.`
    : `${rate}; no difference shown to ${names}.`;
}

/** What may be said of the throughput of `best` over that of `row`. */
function throughputClaim(claims: readonly Claim[], best: Row, { workload, strategy }: Row): Claim | undefined {
  return claimBetween(claims, { workload, metric: 'throughput', over: best.strategy, under: strategy });
}

function behindSentence(behind: readonly Row[], best: Row, claims: readonly Claim[], coarse: boolean): string {
  const each = behind.map((row) => {
    const claim = throughputClaim(claims, best, row);
    const factor = best.throughput!.value / row.throughput!.value;
    const shown =
      coarse || claim === undefined
        ? ratioText(factor)
        : `${ratioText(claim.ratio)} [${ratioText(claim.low)}–${ratioText(claim.high)}]`;
    return `${row.strategy} (${wholeText(row.throughput!.value)}/s) by a factor of ${shown}`;
  });
  return `Behind it: ${listText(each)}.`;
}

function latencySentences({ rows, claims }: Case, coarse: boolean): string[] {
  const compared = rows.filter((row) => row.kind === 'strategy' && !row.beyondGenerator);
  const saturated = compared.filter(({ latency }) => latency === 'saturated').map(({ strategy }) => strategy);
  const measured = compared.flatMap(({ strategy, latency }) =>
    typeof latency === 'string' || latency.p99 === undefined ? [] : [{ strategy, p99: latency.p99.value }],
  );
  const [rate] = rows.map(({ ratePerSecond }) => ratePerSecond);
  const sentences = saturated.length === 0 ? [] : [`At ${wholeText(rate)}/s ${listText(saturated)} could not keep up.`];
  if (measured.length < 2) return sentences;
  const sorted = measured.toSorted((a, b) => a.p99 - b.p99);
  const [least, most] = [sorted[0]!, sorted.at(-1)!];
  const names = new Set(compared.map(({ strategy }) => strategy));
  const told = claims.some(
    (claim) => claim.metric === 'p99' && claim.claimed && names.has(claim.over) && names.has(claim.under),
  );
  const range = `p99 from ${msText(least.p99)} ms (${least.strategy}) to ${msText(most.p99)} ms (${most.strategy})`;
  const worth = coarse ? most.p99 / least.p99 >= COARSE_FACTOR : told;
  return [...sentences, `At ${wholeText(rate)}/s, ${range}${worth ? '' : ': no difference shown'}.`];
}

function capacitySentences({ capacities, results }: Case): string[] {
  if (capacities.length === 0) return [];
  const each = capacities.map(
    ({ strategy, perSecond, atLeast }) =>
      `${strategy} ${perSecond === undefined ? 'none' : `${atLeast ? '≥ ' : ''}${wholeText(perSecond)}/s`}`,
  );
  return [`Highest rate with a p99 within ${results.sloMs} ms: ${listText(each)}.`];
}

function costSentences({ claims }: Case, strategies: readonly Row[]): string[] {
  const costs = strategies
    .flatMap((row) => (row.cpuUsPerRequest === undefined ? [] : [row]))
    .toSorted((a, b) => a.cpuUsPerRequest!.value - b.cpuUsPerRequest!.value);
  const [least, most] = [costs[0], costs.at(-1)];
  if (least === undefined || most === undefined || least === most) return [];
  const claim = claimBetween(claims, {
    workload: least.workload,
    metric: 'cpu',
    over: most.strategy,
    under: least.strategy,
  });
  const difference = claim?.claimed === true ? `, ${ratioText(claim.ratio)} times as much` : '';
  return [
    `CPU per request: ${wholeText(least.cpuUsPerRequest!.value)} µs (${least.strategy}) to ${wholeText(most.cpuUsPerRequest!.value)} µs (${most.strategy})${difference}.`,
  ];
}

/** "Do I need any of this?" */
function baselineSentences({ rows, claims }: Case, best: Row, coarse: boolean): string[] {
  return rows
    .filter(({ kind, throughput }) => kind === 'baseline' && throughput !== undefined)
    .map((row) => {
      const claim = throughputClaim(claims, best, row);
      const factor = best.throughput!.value / row.throughput!.value;
      const differs = coarse ? factor >= COARSE_FACTOR || factor <= 1 / COARSE_FACTOR : claim?.claimed === true;
      const [less, more] = [
        `${best.strategy} does ${ratioText(factor)} times as much`,
        `${ratioText(1 / factor)} times as much as ${best.strategy}`,
      ];
      const verdict = differs ? (factor > 1 ? less : more) : `no difference shown to ${best.strategy}`;
      const threads = row.threads === 1 ? ', with one thread and no lock,' : '';
      return `You may need none of this: ${row.strategy}${threads} answers ${wholeText(row.throughput!.value)}/s; ${verdict}.`;
    });
}

function ceilingSentences({ calibration }: Results, best: Row): string[] {
  const ceiling = calibration?.ceilingPerSecond ?? Number.POSITIVE_INFINITY;
  if (best.throughput!.value < CEILING_SHARE * ceiling) return [];
  return [
    `The generator itself gets ${wholeText(ceiling)}/s out of /healthz: HTTP and k6 hide the difference here, and the bench shows it.`,
  ];
}

function isFarBehind(row: Row, best: Row): boolean {
  return best.throughput!.value / row.throughput!.value >= COARSE_FACTOR;
}

function isClaimed(claims: readonly Claim[], row: Row, best: Row): boolean {
  const pair = { workload: row.workload, metric: 'throughput' as const, over: best.strategy, under: row.strategy };
  return claimBetween(claims, pair)?.claimed === true;
}
