/**
 * `npm run compare:agent`, on the machine of the service: starts and stops services for `npm run compare -- --agent` on
 * the machine of the generator. Two cores cannot hold both.
 */
import '../../src/node-version.mjs';

const { agent } = await import('./agent.ts');
const { interruptSignal } = await import('../interrupt.ts');
const { fileURLToPath } = await import('node:url');

process.exitCode = await agent(process.argv.slice(2), {
  serviceEntry: fileURLToPath(new URL('../../src/main.ts', import.meta.url)),
  environment: process.env,
  signal: interruptSignal(),
  print: (text) => console.log(text),
  printError: (text) => console.error(text),
});
