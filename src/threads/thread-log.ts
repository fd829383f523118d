import { type Logger, pino } from 'pino';
import type { ConnectionWatch } from '../origin/redis-connection.ts';
import type { Settings } from '../settings.ts';
import { type Slot, ThreadTable } from '../sync/thread-table.ts';
import { StandardOutput } from './standard-output.ts';

/** What a pipe takes in one piece (`PIPE_BUF`), less the last line: those of other threads come before or after it. */
const CHUNK_BYTES = 3_500;
const FLUSH_EVERY_MS = 500;

/**
 * Main's own logger. That it takes the file descriptor from `process.stdout` makes a pipe or a socket there one that
 * does not block, for all threads.
 */
export function mainLog({ LOG_LEVEL }: Settings): Logger {
  return pino({ level: LOG_LEVEL, base: null }, new StandardOutput({ dest: process.stdout.fd }));
}

/** A thread's own logger. With a line per request it writes many at a time, because a write costs more than a line. */
export function threadLog({ LOG_LEVEL }: Settings, slot: Slot): Logger {
  const isVerbose = LOG_LEVEL === 'debug' || LOG_LEVEL === 'trace';
  const lines = new StandardOutput(isVerbose ? { minLength: CHUNK_BYTES, periodicFlush: FLUSH_EVERY_MS } : {});
  if (isVerbose) process.on('exit', () => lines.flush());
  return pino({ level: LOG_LEVEL, base: { thread: ThreadTable.positionOf(slot), slot } }, lines);
}

/** One line when a thread's connection to Redis is lost, one when it is back, and one when Redis begins to refuse. */
export function logOrigin(log: Logger): ConnectionWatch {
  return {
    onLost: (reason) => log.warn({ reason }, 'the connection to Redis was lost; connecting is tried all the time'),
    onRefused: (kind, words) => log.warn({ kind, words }, 'Redis refuses'),
    onRegained: (awayMs) => log.warn({ awayMs: Math.round(awayMs) }, 'the connection to Redis is back'),
  };
}
