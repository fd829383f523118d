/**
 * `npm run pitfalls`: each mistake next to its fix, measured here and now. With a name: one of them, explained.
 *
 * The rest is imported once the version is known to do, so that an older Node meets a sentence and not a syntax error.
 */
import '../../src/node-version.mjs';

const { pitfallLab } = await import('./lab.ts');
const { interruptSignal } = await import('../../load/interrupt.ts');
const { pitfalls } = await import('../../src/pitfalls/index.ts');
const { fileURLToPath } = await import('node:url');

process.exitCode = await pitfallLab(process.argv.slice(2), {
  root: fileURLToPath(new URL('../..', import.meta.url)),
  pitfalls,
  signal: interruptSignal(),
  print: (text) => console.log(text),
  printError: (text) => console.error(text),
});
