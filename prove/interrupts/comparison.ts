/** `npm run compare`, but for where its results go: whoever proves something may have comparisons of their own. */
import { fileURLToPath } from 'node:url';
import { compare } from '../../load/comparison.ts';
import { interruptSignal } from '../../load/interrupt.ts';
import { registry } from '../../load/registry.ts';

const [root, ...args] = process.argv.slice(2);

process.exitCode = await compare(args, {
  root: root!,
  serviceEntry: fileURLToPath(new URL('../../src/main.ts', import.meta.url)),
  registry,
  signal: interruptSignal(),
  print: (text) => console.log(text),
  printError: (text) => console.error(text),
});
