/**
 * `npm run report -- results/<time>`: makes the report of a comparison again from its results.json. `--open` shows it.
 */
import '../src/node-version.mjs';

const { parseArgs } = await import('node:util');
const { againstOf, writeAgainstReport } = await import('./against/report.ts');
const { messageOf, UsageError } = await import('./errors.ts');
const { openFile } = await import('./report/open.ts');
const { writeReport } = await import('./report/write.ts');
const { readResults } = await import('./results-file.ts');
const { analysisOf } = await import('./statistics/analysis.ts');

try {
  const { values, positionals } = parseArgs({ options: { open: { type: 'boolean' } }, allowPositionals: true });
  const [directory, ...others] = positionals;
  if (directory === undefined || others.length > 0) {
    throw new UsageError('name one directory: npm run report -- results/<time> [--open]');
  }
  const results = await readResults(directory);
  const analysis = analysisOf(results);
  const page =
    results.against === undefined
      ? await writeReport(directory, results, analysis)
      : await writeAgainstReport(directory, results, againstOf(analysis.rows, results));
  console.log(page);
  if (values.open === true) openFile(page);
} catch (error) {
  const wrongFlag = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (!(error instanceof UsageError) && !wrongFlag) throw error;
  console.error(messageOf(error));
  process.exitCode = 2;
}
