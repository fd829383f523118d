/** Loads the primitives from a folder: the real ones, or a copy with a bug seeded into it. */
import * as asyncMutex from '../../src/sync/async-mutex.ts';
import * as doorbell from '../../src/sync/doorbell.ts';
import * as lockLine from '../../src/sync/lock-line.ts';
import * as sharedTable from '../../src/sync/shared-table.ts';
import * as syncMutex from '../../src/sync/sync-mutex.ts';
import * as threadTable from '../../src/sync/thread-table.ts';

/** What tests use of the primitives. */
export const REAL_MODULES = {
  abandon: lockLine.abandon,
  AsyncMutex: asyncMutex.AsyncMutex,
  Doorbell: doorbell.Doorbell,
  SharedTable: sharedTable.SharedTable,
  SyncMutex: syncMutex.SyncMutex,
  ThreadTable: threadTable.ThreadTable,
};

export type SyncModules = typeof REAL_MODULES;

/** The folder of the real ones, as a URL that ends with a slash. */
export const REAL_SOURCE = new URL('../../src/', import.meta.url).href;

const FILES = ['async-mutex', 'doorbell', 'lock-line', 'shared-table', 'sync-mutex', 'thread-table'];

/** @param source the folder, as a URL that ends with a slash */
export async function loadSync(source: string): Promise<SyncModules> {
  if (source === REAL_SOURCE) return REAL_MODULES;
  const modules = await Promise.all(FILES.map((file) => import(new URL(`sync/${file}.ts`, source).href)));
  return Object.assign({}, ...modules) as SyncModules;
}
