/**
 * `npm run compare`: which way of sharing state costs what, on this machine. `--help` lists the flags.
 *
 * All but the version check is imported afterwards, so that an older Node meets one clear sentence before any syntax
 * that it does not know.
 */
import '../src/node-version.mjs';

const { fileURLToPath } = await import('node:url');
const { compare } = await import('./comparison.ts');
const { interruptSignal } = await import('./interrupt.ts');
const { registry } = await import('./registry.ts');

process.exitCode = await compare(process.argv.slice(2), {
  root: fileURLToPath(new URL('..', import.meta.url)),
  serviceEntry: fileURLToPath(new URL('../src/main.ts', import.meta.url)),
  registry,
  signal: interruptSignal(),
  print: (text) => console.log(text),
  printError: (text) => console.error(text),
});
