/** How many connections each HTTP thread may have, so that the process does not run out of file descriptors. */
import type { Settings } from '../settings.ts';
import { REFUSING } from '../http/open-sockets.ts';

/** More need a setting: each costs 10 to 20 kB of a thread's heap. */
const MOST = 10_000;
/** What the process needs besides, counted on Linux with room to spare: 27, and 12 for each thread with its renderer. */
const FOR_PROCESS = 48;
const FOR_THREAD = 24;

export interface ConnectionLimit {
  readonly perThread: number;
  /** Fewer than were asked for: the limit of open files leaves no more. */
  readonly isCut: boolean;
}

/** @param openFiles how many files the process may have open; undefined where the system does not tell */
export function connectionLimit(
  { MAX_CONNECTIONS, THREADS }: Pick<Settings, 'MAX_CONNECTIONS' | 'THREADS'>,
  openFiles = openFilesLimit(),
): ConnectionLimit {
  const left = openFiles - FOR_PROCESS - (THREADS + 1) * FOR_THREAD;
  const most = Math.max(1, Math.floor(left / THREADS) - REFUSING);
  const wanted = MAX_CONNECTIONS ?? MOST;
  return { perThread: Math.min(wanted, most), isCut: MAX_CONNECTIONS !== undefined && wanted > most };
}

function openFilesLimit(): number {
  Object.assign(process.report, { excludeNetwork: true }); // it would ask for the names of all that are connected
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files: { soft: number | string } } };
  const { soft } = userLimits?.open_files ?? {};
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY;
}
