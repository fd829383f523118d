/** The comparison as `load/compare.ts` starts it, but of the fake service, with its files below FAKE_ROOT. */
import { fileURLToPath } from 'node:url';
import { compare } from '../../load/comparison.ts';
import { interruptSignal } from '../../load/interrupt.ts';
import { candidates } from './recorded.ts';

process.exitCode = await compare(process.argv.slice(2), {
  root: process.env['FAKE_ROOT']!,
  serviceEntry: fileURLToPath(new URL('fake-service.ts', import.meta.url)),
  registry: candidates,
  signal: interruptSignal(),
  print: (text) => console.log(text),
  printError: (text) => console.error(text),
});
