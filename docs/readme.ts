/**
 * Fills README.md: examples from the files that the tests run, figures and plots from committed comparisons; and mistakes.md.
 *
 *     npm run readme                      examples and the committed figures again
 *     npm run readme -- results/<time>    figures from that comparison, kept as docs/evidence/compare-<origin>/
 */
import '../src/node-version.mjs';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { msText, NO_FIGURE, percent, wholeText } from '../load/format.ts';
import { writeReport } from '../load/report/write.ts';
import { readResults, type Results } from '../load/results-file.ts';
import { analysisOf } from '../load/statistics/analysis.ts';
import { ratioBetween, type Comparison } from '../load/statistics/comparisons.ts';
import { pairText } from '../load/statistics/relation.ts';
import type { Row } from '../load/statistics/rows.ts';
import { committedRun, filledMistakes } from './mistakes.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

const origins = ['embedded', 'redis'] as const;
type OriginName = (typeof origins)[number];

/** The committed results by origin; one that was not committed yet is missing. */
export type Committed = Partial<Record<OriginName, Results>>;

const HEADLINE = 'counters-write-through';
/** Of each answer's evidence, as much as fits a page that has more to say. */
const SENTENCES = 3;
/** Of results from before arrivals were drawn. */
const EVEN = `These are of the comparison as it was before: with evenly spaced arrivals, which hide what a queue does to a lock near its
capacity, and with CPU time that is neither settled nor free of probes. They are judged by today's rules.
`;
/** What the table's ratios are to: the pattern one should not use. */
const HELD = 'async-lock';

/** The README with every generated part made anew. */
export function filledReadme(readme: string, committed: Committed): string {
  let filled = replaceExamples(readme);
  if (committed.embedded !== undefined) filled = replaceBlock(filled, 'headline', headlineTable(committed.embedded));
  for (const origin of origins) {
    const results = committed[origin];
    filled = replaceBlock(filled, `comparison-${origin}`, results === undefined ? '' : answersOf(origin, results));
  }
  return filled;
}

/** The committed results that the README's figures are from. */
export async function committedResults(): Promise<Committed> {
  const found = origins.filter((origin) => existsSync(join(root, evidenceOf(origin), 'results.json')));
  const entries = found.map(async (origin) => [origin, await readResults(join(root, evidenceOf(origin)))] as const);
  return Object.fromEntries(await Promise.all(entries));
}

function evidenceOf(origin: OriginName): string {
  return `docs/evidence/compare-${origin}`;
}

function replaceExamples(readme: string): string {
  return readme.replaceAll(/<!-- example:(\S+) -->\n(?:```ts\n[\s\S]*?```\n)?/g, (_, path: string) => {
    const example = readFileSync(join(root, path), 'utf8').trimEnd();
    return `<!-- example:${path} -->\n\`\`\`ts\n${example}\n\`\`\`\n`;
  });
}

/** A README without the block stays as it is. */
function replaceBlock(readme: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) return readme;
  return `${readme.slice(0, from)}${begin}\n${content}${content === '' ? '' : '\n'}${readme.slice(to)}`;
}

function headlineTable(results: Results): string {
  const { rows, comparisons } = analysisOf(results);
  const own = rows.filter(({ workload }) => workload === HEADLINE);
  const held = own.find(({ strategy, throughput }) => strategy === HELD && throughput !== undefined);
  return [
    `| \`${HEADLINE}\` | increments/s, k6’s share of CPU | × async-lock | p50 / p99 ms at ${wholeText(own[0]?.ratePerSecond)}/s, ${results.arrivals ?? 'even'} arrivals | lost updates | CPU µs per request |`,
    '|---|---:|---:|---:|---:|---:|',
    ...own.map((row) => headlineRow(row, held, comparisons)),
    '',
    ...plotLines('embedded', [`${HEADLINE}-throughput`, `${HEADLINE}-p99-over-utilisation`]),
    source('embedded', results),
  ].join('\n');
}

function headlineRow(row: Row, held: Row | undefined, comparisons: readonly Comparison[]): string {
  const { strategy, kind, throughput, broken, cpuUsPerRequest, threads, generatorShare } = row;
  const rate = throughput === undefined ? NO_FIGURE : `**${wholeText(throughput.value)}**`;
  const factor = throughput === undefined || held === undefined ? NO_FIGURE : factorText(row, held, comparisons);
  const share = throughput === undefined || generatorShare === undefined ? '' : `, ${percent(generatorShare.value)}`;
  const oneThread = threads === 1 ? ', one thread' : '';
  const name = kind === 'strategy' ? `\`${strategy}\`` : `\`${strategy}\` (${kind}${oneThread})`;
  return `| ${name} | ${rate}${share} | ${factor} | ${latency(row)} | ${wholeText(broken)} | ${wholeText(cpuUsPerRequest?.value)} |`;
}

function factorText(row: Row, held: Row, comparisons: readonly Comparison[]): string {
  if (row === held) return '1';
  const ratio = ratioBetween(comparisons, 'throughput', row, held);
  return ratio === undefined ? NO_FIGURE : pairText(ratio);
}

function latency({ latency: measured }: Row): string {
  if (typeof measured === 'string') return measured;
  return `${msText(measured.p50.value)} / ${msText(measured.p99?.value)}`;
}

/** A paragraph per workload with what matters most, and its plot; the rest is in the Markdown beside the results. */
function answersOf(origin: OriginName, results: Results): string {
  const { answers } = analysisOf(results);
  const plots = answers.map(({ workload }) => `${workload}-throughput`);
  return [
    ...(results.arrivals === undefined ? [EVEN] : []),
    ...answers.map(
      ({ workload, headline, evidence }) => `- **${workload}: ${headline}.** ${evidence.slice(0, SENTENCES).join(' ')}`,
    ),
    '',
    ...plotLines(origin, plots),
    source(origin, results),
  ].join('\n');
}

/** Those of the plots that are there: the same result is drawn with what it has. */
function plotLines(origin: OriginName, names: readonly string[]): string[] {
  const paths = names.map((name) => `${evidenceOf(origin)}/plots/${name}.svg`);
  const images = paths
    .filter((path) => existsSync(join(root, path)))
    .map((path) => `<img src="${path}" width="400" alt="${path.slice(path.lastIndexOf('/') + 1, -4)}">`);
  return images.length === 0 ? [] : [...images, ''];
}

function source(origin: OriginName, results: Results): string {
  const { command, machine, generatorMachine, k6, rounds, origin: described } = results;
  const where = generatorMachine === undefined ? 'on the same machine' : 'on another machine';
  const path = `${evidenceOf(origin)}/results.md`;
  const claim = rounds === 1 ? ' A quick run: take nothing below a factor of 1.5 for a difference.' : '';
  return [
    `<sub>\`${command}\` on ${machine.cores} cores (${machine.cpu}), Node ${machine.node}, k6 ${k6.version} ${where},`,
    `origin: ${described}; all of it in [${path}](${path}).${claim}</sub>`,
  ].join('\n');
}

/** Keeps a comparison as evidence: its results, its Markdown and its plots. The page is made by `npm run report`. */
async function keep(directory: string): Promise<void> {
  const results = await readResults(directory);
  const evidence = join(root, evidenceOf(results.origin.startsWith('Redis') ? 'redis' : 'embedded'));
  await mkdir(evidence, { recursive: true });
  const kept = join(evidence, 'results.json');
  const given = join(directory, 'results.json');
  if (given !== kept) await copyFile(given, kept);
  await rm(await writeReport(evidence, results, analysisOf(results)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [directory] = process.argv.slice(2);
  if (directory !== undefined) await keep(directory);
  const path = join(root, 'README.md');
  writeFileSync(path, filledReadme(readFileSync(path, 'utf8'), await committedResults()));
  const mistakes = join(root, 'docs/mistakes.md');
  writeFileSync(mistakes, filledMistakes(readFileSync(mistakes, 'utf8'), committedRun()));
}
