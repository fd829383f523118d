import type { MessagePort } from 'node:worker_threads';
import type { ServedStrategy } from '../app.ts';
import { namespaced, PortOrigin } from '../origin/port-origin.ts';
import { memoryOnly, OriginWriteThrough } from '../origin/write-through.ts';
import type { Origin } from '../origin/origin.ts';
import type { Settings } from '../settings.ts';
import type { Cell, ResourceName, Resources, Strategy, ThreadContext, Unsupported } from '../strategies/strategy.ts';
import { Doorbell } from '../sync/doorbell.ts';
import { type Slot, ThreadTable } from '../sync/thread-table.ts';
import { createLab } from './lab.ts';
import { cellMemory, cellName, servedStrategies, type ServiceMemory } from './memory.ts';

/** What main hands to a thread that works with the shared state. */
export interface Attachment {
  readonly settings: Settings;
  readonly memory: ServiceMemory;
  readonly slot: Slot;
  /** Leads to the origin on main. */
  readonly originPort: MessagePort;
}

export interface Attached {
  readonly served: readonly ServedStrategy[];
  readonly thread: ThreadContext;
  readonly origin: Origin;
}

/** Attaches this thread to every cell of the strategies. */
export async function attachAll(
  { settings, memory, slot, originPort }: Attachment,
  strategies: readonly Strategy[] = servedStrategies(settings),
): Promise<Attached> {
  const threads = new ThreadTable(memory.threads);
  const thread: ThreadContext = { slot, threads, doorbell: new Doorbell(threads, slot) };
  const origin = new PortOrigin(originPort, settings.ORIGIN_TIMEOUT_MS);
  const lab = createLab(settings);

  const attach = async <Name extends ResourceName>(
    strategy: Strategy,
    resource: Name,
  ): Promise<Resources[Name] | Unsupported> => {
    const cell: Cell<Resources[Name]> | Unsupported = strategy.cells[resource];
    if ('unsupported' in cell) return cell;
    const name = cellName(strategy, resource);
    const own = namespaced(origin, name);
    const writeThrough = settings.WRITE_THROUGH ? new OriginWriteThrough(own) : memoryOnly;
    const { hashSeed } = memory;
    return cell.attach({
      name,
      memory: cellMemory(memory, name),
      settings,
      thread,
      hashSeed,
      origin: own,
      writeThrough,
      lab,
    });
  };

  const served: ServedStrategy[] = [];
  for (const strategy of strategies) {
    served.push({ strategy, resources: { counters: await attach(strategy, 'counters') } });
  }
  return { served, thread, origin };
}
