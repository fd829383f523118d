/**
 * Fills README.md: examples from the files that the tests run, figures from a comparison's results; and mistakes.md.
 *
 *     npm run readme                      examples and the committed figures again
 *     npm run readme -- results/<time>    figures from that comparison, kept as docs/evidence/compare-embedded.json
 */
import '../src/node-version.mjs';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import type { Results } from '../load/results-file.ts';
import type { Row } from '../load/statistics.ts';
import { committedRun, filledMistakes } from './mistakes.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const evidence = 'docs/evidence/compare-embedded.json';

/** The README with every generated part made anew. */
export function filledReadme(readme: string, results: Results): string {
  return replaceExamples(replaceBlock(readme, 'headline', headlineTable(results)));
}

/** The committed results that the README's figures are from. */
export function committedResults(): Results {
  return JSON.parse(readFileSync(join(root, evidence), 'utf8')) as Results;
}

function replaceExamples(readme: string): string {
  return readme.replaceAll(/<!-- example:(\S+) -->\n(?:```ts\n[\s\S]*?```\n)?/g, (_, path: string) => {
    const source = readFileSync(join(root, path), 'utf8').trimEnd();
    return `<!-- example:${path} -->\n\`\`\`ts\n${source}\n\`\`\`\n`;
  });
}

function replaceBlock(readme: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [before, rest] = [readme.slice(0, readme.indexOf(begin)), readme.slice(readme.indexOf(end))];
  return `${before}${begin}\n${content}\n${rest}`;
}

function headlineTable({ rows, machine, command, k6 }: Results): string {
  const own = rows.filter(({ workload }) => workload === 'counters-write-through');
  const slowest = own.find(({ strategy }) => strategy === 'async-lock')?.throughputPerSecond;
  const lines = own.map((row) => {
    const { strategy, kind, throughputPerSecond, lost, cpuUsPerRequest, threads } = row;
    const rate = throughputPerSecond === undefined ? '–' : `**${whole(throughputPerSecond)}**`;
    const factor =
      throughputPerSecond === undefined || slowest === undefined ? '–' : (throughputPerSecond / slowest).toPrecision(2);
    const name =
      kind === 'strategy' ? `\`${strategy}\`` : `\`${strategy}\` (${kind}${threads === 1 ? ', one thread' : ''})`;
    return `| ${name} | ${rate} | ${factor} | ${latency(row)} | ${whole(lost)} | ${cpuUsPerRequest === undefined ? '–' : whole(cpuUsPerRequest)} |`;
  });
  return [
    '| `counters-write-through` | increments/s | × async-lock | p50 / p99 ms at a common rate | lost updates | CPU µs per request |',
    '|---|---:|---:|---:|---:|---:|',
    ...lines,
    '',
    `<sub>\`${command}\` on ${machine.cores} cores (${machine.cpu}), Node ${machine.node}, k6 ${k6.version} on the same machine;`,
    `results in [${evidence}](${evidence}). A quick run: take nothing below a factor of 1.5 for a difference.</sub>`,
  ].join('\n');
}

function latency({ latency: measured }: Row): string {
  if (typeof measured === 'string') return measured;
  const { p50, p99 } = measured;
  return `${p50.toFixed(1)} / ${p99 === undefined ? '–' : p99.toFixed(1)}`;
}

function whole(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [directory] = process.argv.slice(2);
  if (directory !== undefined) writeFileSync(join(root, evidence), readFileSync(join(directory, 'results.json')));
  const path = join(root, 'README.md');
  writeFileSync(path, filledReadme(readFileSync(path, 'utf8'), committedResults()));
  const mistakes = join(root, 'docs/mistakes.md');
  writeFileSync(mistakes, filledMistakes(readFileSync(mistakes, 'utf8'), committedRun()));
}
