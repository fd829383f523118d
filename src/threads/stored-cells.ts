/** What each resource takes over from the origin when the process starts, and how much of it there may be. */
import type { StoredCell } from '../origin/origin.ts';
import { foreignEntry } from '../origin/redis-entry.ts';
import { MAX_CONFIG_BYTES } from '../resources/config.ts';
import type { Settings } from '../settings.ts';
import { storedConfig } from '../strategies/config-register.ts';
import { entryBytes, isRestorable, roomOf, storedConnection } from '../strategies/connection-entry.ts';
import type { ResourceName, Strategy } from '../strategies/strategy.ts';
import { Arena } from '../sync/arena.ts';
import { cellName, servedStrategies } from './memory.ts';

type Stored = Omit<StoredCell, 'cell'>;

const one = (): number => 1;

/** A resource that is not here takes everything over. */
const byResource: { readonly [Name in ResourceName]?: (settings: Settings) => Stored } = {
  counters: ({ COUNTERS_CAPACITY: most }) => ({
    takes: (value) => isOurs(() => Number.isSafeInteger(value)),
    limits: [{ of: one, most, unit: 'counters', setting: 'COUNTERS_CAPACITY' }],
  }),
  connections: ({ CONNECTIONS_CAPACITY: most, CONNECTIONS_MEMORY_MB: mebibytes, CONNECTION_TTL_MS: ttlMs }) => ({
    takes: (value) => isOurs(() => isConnection(value)) && isRestorable(storedConnection(value), ttlMs, Date.now()),
    limits: [
      { of: one, most, unit: 'connections', setting: 'CONNECTIONS_CAPACITY' },
      {
        of: (_id, value) => Arena.footprint(entryBytes(storedConnection(value))),
        most: mebibytes * 2 ** 20,
        unit: 'bytes',
        setting: `CONNECTIONS_MEMORY_MB=${mebibytes}`,
      },
    ],
  }),
  config: () => ({ takes: (value) => isOurs(() => isConfig(value)), limits: [] }),
};

/** What will be restored with these settings. */
export function storedCells(
  settings: Settings,
  served: readonly Strategy[] = servedStrategies(settings),
): StoredCell[] {
  return served.flatMap((strategy) => {
    const names = Object.keys(strategy.cells) as ResourceName[];
    const there = names.filter((name) => !('unsupported' in strategy.cells[name]));
    return there.map((name) => storedCell(settings, cellName(strategy, name), name));
  });
}

/** @param resource whose cell it is */
export function storedCell(settings: Settings, cell: string, resource: ResourceName): StoredCell {
  const stored = settings.WRITE_THROUGH ? byResource[resource]?.(settings) : undefined;
  return { cell, ...(stored ?? { takes: () => true, limits: [] }) };
}

/** @returns true. @throws {OriginFailedError} it is not what this service writes, or cannot be read */
function isOurs(looksSo: () => boolean): true {
  let ours = false;
  try {
    ours = looksSo();
  } catch {
    // no JSON, for example
  }
  if (ours) return true;
  throw foreignEntry();
}

function isConnection(value: number | string): boolean {
  const { details, epoch, connectedAtMs, lastSeenAtMs } = storedConnection(value);
  return roomOf(details) !== '' && [epoch, connectedAtMs, lastSeenAtMs].every(Number.isFinite);
}

function isConfig(value: number | string): boolean {
  const { version, text } = storedConfig(String(value));
  return Number.isSafeInteger(version) && Buffer.byteLength(text) <= MAX_CONFIG_BYTES;
}
