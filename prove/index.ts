/**
 * npm run prove: the long evidence runs, one after another. Each also runs by itself and has flags of its own.
 *
 *     npm run prove -- --only locks
 *     npm run prove -- --only soak -- --short
 */
import '../src/node-version.mjs';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { startChild } from '../load/child-process.ts';
import { interruptSignal } from '../load/interrupt.ts';

/** A proof that is told to end ends what it has started before. */
const STOP_TIMEOUT_MS = 30_000;

const proofs = {
  'counters-history': 'recorded histories over HTTP are exact and linearizable under every strategy',
  'cache-history':
    'recorded histories of documents over HTTP never go back under any strategy, also while threads die; four minutes',
  connections:
    'nobody lost, no ghosts, messages once and in order while threads die, listings that hold nobody up, memory of a WebSocket; 17 minutes',
  locks: 'interleavings, stress, and a thousand deaths with each thing that a thread can hold',
  overload: 'with MAX_STANDING_WAIT_MS, twice the capacity does not slow those who are accepted; seven minutes',
  'redis-faults': 'Redis paused, killed, restarted and cut off: nothing acknowledged is lost, nothing applied twice',
  'redis-outage': 'the whole service meanwhile: every answer kept, no answer late, and what needs no Redis unaffected',
  interrupts: 'a comparison stopped at any moment leaves no process and keeps what it has; about eight minutes',
  shutdown: '50 SIGTERMs under load: what was read is answered, no connection reset, what was acknowledged kept',
  soak: 'load with faults for 20 minutes, 5 with `-- --short`: memory flat, handles and waits as before',
  'known-queue':
    'random arrivals at 0.5, 0.82 and 0.9 of a known queue: its p99 is what the drawn arrivals make of it; about six minutes',
  comparison: 'at 0.8 of its capacity, k6 sees a service of known service time as it sees itself; about ten minutes',
} as const;
const names = Object.keys(proofs) as (keyof typeof proofs)[];

const { values, positionals: flags } = parseArgs({
  options: { only: { type: 'string' }, help: { type: 'boolean' } },
  allowPositionals: true, // what follows `--` is for the proofs themselves
});
const chosen = values.only === undefined ? names : values.only.split(',');
const unknown = chosen.filter((name) => !(name in proofs));
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) process.stderr.write(`--only: there is no proof ${unknown.join(', ')}\n`);
  process.stdout.write(names.map((name) => `${name.padEnd(18)}${proofs[name]}\n`).join(''));
  process.exit(unknown.length > 0 ? 2 : 0);
}

const interrupted = interruptSignal();
const failed: string[] = [];
for (const name of chosen) {
  if (interrupted.aborted) break;
  process.stdout.write(`\n=== ${name}: ${proofs[name as keyof typeof proofs]}\n`);
  const script = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
  const child = await startChild(process.execPath, [script, ...flags], { stdio: 'inherit' });
  const stop = (): void => void child.stop(STOP_TIMEOUT_MS);
  interrupted.addEventListener('abort', stop, { once: true });
  const { code } = await child.exited;
  interrupted.removeEventListener('abort', stop);
  if (code !== 0) failed.push(name);
}
if (interrupted.aborted) process.exit(130);
process.stdout.write(failed.length === 0 ? '\nAll proved.\n' : `\nNot proved: ${failed.join(', ')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
