/** Settings → memory → threads → listening; SIGTERM, SIGINT and SIGHUP undo it in reverse. */
import './node-version.mjs';
import { SharedStateError } from './errors.ts';
import { readSettings, SettingsError, type Settings } from './settings.ts';
import { AddressInUseError } from './threads/port-claim.ts';
import { Supervisor } from './threads/supervisor.ts';
import { mainLog } from './threads/thread-log.ts';

const settings = settingsOrExit();
const log = mainLog(settings);

const supervisor = new Supervisor(settings, log, (error) => {
  log.fatal({ err: error }, 'the service cannot go on');
  process.exit(1);
});

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void stop(signal));

try {
  const url = await supervisor.start();
  // The one line that a starter waits for: printed whatever the level.
  log.child({}, { level: 'info' }).info({ url }, `listening on ${url}`);
} catch (error) {
  if (!stopping) endWith(error); // else `stop` ends the process
}

function endWith(error: unknown): never {
  if (error instanceof SharedStateError) log.fatal({ reason: causeOf(error) }, `cannot start: ${error.message}`);
  else if (error instanceof AddressInUseError) log.fatal(`cannot listen: ${error.message}`);
  else log.fatal({ err: error }, `cannot listen on ${settings.HOST}:${settings.PORT}`);
  process.exit(1);
}

/** What Redis itself said, where that was it. */
function causeOf({ cause }: Error): string | undefined {
  return cause instanceof Error ? cause.message : undefined;
}

async function stop(signal: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  log.info({ signal }, 'shutting down');
  const drained = await supervisor.stop();
  if (!drained) log.error(`requests were still running after ${settings.SHUTDOWN_TIMEOUT_MS} ms and were cut off`);
  process.exit(drained ? 0 : 1);
}

function settingsOrExit(): Settings {
  try {
    return readSettings(process.env);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`These settings are wrong:\n${error.mistakes.map((line) => `  ${line}\n`).join('')}`);
    process.exit(2);
  }
}
