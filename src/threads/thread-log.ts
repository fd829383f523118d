import { type Logger, pino } from 'pino';
import type { ConnectionWatch } from '../origin/redis-connection.ts';
import type { Settings } from '../settings.ts';
import type { Slot } from '../sync/thread-table.ts';

/** A thread's own logger; `sync`, because a thread that ends does not wait for its lines. */
export function threadLog({ LOG_LEVEL }: Settings, slot: Slot): Logger {
  return pino({ level: LOG_LEVEL, base: { slot } }, pino.destination({ sync: true }));
}

/** One line when a thread's connection to Redis is lost, and one when it is back. */
export function logOrigin(log: Logger): ConnectionWatch {
  return {
    onLost: (reason) => log.warn({ reason }, 'the connection to Redis was lost; connecting is tried all the time'),
    onRegained: (awayMs) => log.warn({ awayMs: Math.round(awayMs) }, 'the connection to Redis is back'),
  };
}
