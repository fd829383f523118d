import type { MessagePort } from 'node:worker_threads';
import type { ServedStrategy, StrategyAdmin } from '../app.ts';
import type { OriginConnection } from '../origin/origin.ts';
import type { ConnectionWatch } from '../origin/redis-connection.ts';
import type { SharedOrigin } from '../origin/shared-origin.ts';
import type {
  Cell,
  OwnerMessage,
  ResourceName,
  Resources,
  Strategy,
  ThreadContext,
  Unsupported,
} from '../strategies/strategy.ts';
import { Outbox } from '../sync/mailbox-outbox.ts';
import type { Permits } from '../sync/permits.ts';
import { Sender } from '../sync/mailbox-sender.ts';
import { ThreadTable } from '../sync/thread-table.ts';
import { type Attachment, ThreadScope } from './context.ts';
import { cellMemory, cellName, servedStrategies, type ServiceMemory } from './memory.ts';
import { limitWrites } from './limit-writes.ts';
import { recoverLocks } from './recovery.ts';

/** Ports to the owner, by cell name. */
export type OwnerPorts = Readonly<Record<string, MessagePort>>;

export interface Attached {
  readonly served: readonly ServedStrategy[];
  readonly thread: ThreadContext;
  readonly origin: OriginConnection;
  /** What all threads know of the origin. */
  readonly shared: SharedOrigin;
  /** The mailboxes that this thread sends into. */
  readonly mailboxes: readonly { readonly name: string; readonly permits: Permits }[];
  /** Sends to a new owner from now on. */
  reconnect(ports: OwnerPorts): void;
  /** Ends this thread's way to the origin; see `ThreadScope.close`. */
  close(withinMs: number): Promise<void>;
  /** Drops this thread's senders: an owner ends once all threads have. */
  dropSenders(): void;
}

/** Attaches this HTTP thread to every cell of the strategies. */
export async function attachAll(
  attachment: Attachment & { readonly ownerPorts: OwnerPorts },
  strategies: readonly Strategy[] = servedStrategies(attachment.settings),
  watch?: ConnectionWatch,
): Promise<Attached> {
  const scope = await ThreadScope.open(attachment, watch);
  // The first thread starts before all others; what it restores into shared memory is there for them.
  const isFirst = ThreadTable.positionOf(attachment.slot) === 0 && ThreadTable.isFirstLife(attachment.slot);
  await scope.origin.connected().catch(() => {}); // what needs no origin is served without it
  const outboxes = new Map<string, Outbox<OwnerMessage, unknown>>();
  const senders: Sender<OwnerMessage, unknown>[] = [];
  const mailboxes: Attached['mailboxes'][number][] = [];

  const sender = (name: string): Sender<OwnerMessage, unknown> => {
    const { settings, slot } = attachment;
    const permits = scope.permits(name);
    mailboxes.push({ name, permits });
    const outbox = new Outbox<OwnerMessage, unknown>({
      name,
      permits,
      position: ThreadTable.positionOf(slot),
      doorbell: scope.thread.doorbell,
      waitMs: settings.MAILBOX_WAIT_MS,
      maxWaiting: settings.MAX_WAITING,
      pollMs: scope.mailboxPollMs,
    });
    outboxes.set(name, outbox);
    const port = attachment.ownerPorts[name];
    if (port !== undefined) outbox.connect(port);
    const first = new Sender(outbox);
    senders.push(first);
    return first;
  };

  const attach = async <Name extends ResourceName>(
    strategy: Strategy,
    resource: Name,
  ): Promise<Resources[Name] | Unsupported> => {
    const cell: Cell<Resources[Name]> | Unsupported = strategy.cells[resource];
    if ('unsupported' in cell) return cell;
    const name = cellName(strategy, resource);
    const context = scope.cellContext(name, cell.own === undefined ? undefined : sender(name));
    const attached = await cell.attach(context);
    if ('unsupported' in attached || cell.own !== undefined) return attached; // an owner does both for its cell
    if (isFirst || cell.memory === undefined) await scope.restore(name, attached);
    limitWrites(attached, resource, context.writeThrough);
    return attached;
  };

  const served: ServedStrategy[] = [];
  for (const strategy of strategies) {
    const names = Object.keys(strategy.cells) as ResourceName[];
    const entries: [ResourceName, unknown][] = [];
    for (const name of names) entries.push([name, await attach(strategy, name)]);
    const resources = Object.fromEntries(entries) as ServedStrategy['resources'];
    served.push({ strategy, resources, admin: administer(strategy, attachment.memory, scope) });
  }
  return {
    served,
    thread: scope.thread,
    origin: scope.origin,
    shared: scope.shared,
    mailboxes,
    reconnect(ports) {
      for (const [name, port] of Object.entries(ports)) outboxes.get(name)?.connect(port);
    },
    close: (withinMs) => scope.close(withinMs),
    dropSenders() {
      for (const held of senders) held[Symbol.dispose]();
    },
  };
}

function administer(strategy: Strategy, memory: ServiceMemory, scope: ThreadScope): StrategyAdmin {
  const names = Object.keys(strategy.cells) as ResourceName[];
  const served = names.filter((resource) => memory.cells.has(cellName(strategy, resource)));
  // Writes of counters meet faults, says the contract, in whatever order a strategy names its cells; a fork may have no counters.
  const faulty = names.find((name: string) => name === 'counters') ?? names[0]!;
  return {
    recover: () =>
      Object.fromEntries(
        served.map((resource) => [resource, recoverLocks(cellMemory(memory, cellName(strategy, resource)).locks)]),
      ),
    inject: (kind, times, delayMs) => scope.faults(cellName(strategy, faulty)).inject(kind, times, delayMs),
  };
}
