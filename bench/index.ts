/**
 * `npm run bench`: the parts on their own, each against what one would use instead. `--help` lists the flags.
 *
 * The rest is imported once the version is known to do, so that an older Node meets a sentence and not a syntax error.
 */
import '../src/node-version.mjs';

const { bench } = await import('./bench.ts');
const { interruptSignal } = await import('../load/interrupt.ts');
const { suites } = await import('./suites.ts');
const { fileURLToPath } = await import('node:url');

process.exitCode = await bench(process.argv.slice(2), {
  root: fileURLToPath(new URL('..', import.meta.url)),
  suites,
  signal: interruptSignal(),
  print: (text) => console.log(text),
  printError: (text) => console.error(text),
});
