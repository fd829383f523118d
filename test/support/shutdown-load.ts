/** Clients of every kind that keep a service busy until it is gone: what they asked, and what became of it. */
import { setTimeout as elapsed } from 'node:timers/promises';
import type { Random } from '../../src/random.ts';
import { type Asked, KeptAliveClient, type Sent } from './kept-alive-client.ts';
import { Account, configTarget, connectionTarget, counterTarget, documentTarget } from './restart-book.ts';

/** Of these, several clients write the same one. */
const COUNTERS = 4;
const INCREMENTING = 3;
/** Longest that a client with second thoughts leaves its connection idle: longer than a service says farewell. */
const IDLE_MS = 500;
const ASK_READY_MS = 10;

export interface Load {
  /** All requests so far. */
  readonly sent: readonly Sent[];
  /** Those for `/readyz`, each on a connection of its own. */
  readonly ready: readonly Sent[];
  /** Resolves with the so many-th answer. */
  answers(count: number): Promise<void>;
  /** Resolves when nobody finds a connection any more. */
  readonly ended: Promise<unknown>;
}

/** The accounts that the clients of a strategy write to. */
export function accountsOf(strategy: string): Account[] {
  const base = `/v1/${strategy}`;
  return [
    ...Array.from({ length: COUNTERS }, (_, at) => counterTarget(base, `kept-${at}`)),
    configTarget(base),
    documentTarget(base, 'kept'),
    connectionTarget(base, 'kept'),
  ].map((target) => new Account(target));
}

interface Client {
  readonly next: () => { readonly asked: Asked; readonly ended?: (sent: Sent) => void };
  /** Whether it pauses between requests. */
  readonly idles?: boolean;
}

/** Writers to every account, readers, and one with second thoughts. */
function clientsOf(strategy: string, accounts: readonly Account[], random: Random): Client[] {
  const base = `/v1/${strategy}`;
  const counters = accounts.slice(0, COUNTERS);
  const writers = accounts.slice(COUNTERS).map((account): Client => ({ next: () => account.next() }));
  const someCounter = (): Account => counters[Math.floor(random() * COUNTERS)]!;
  const increment: Client = { next: () => someCounter().next() };
  const get = (path: () => string): Client => ({ next: () => ({ asked: { method: 'GET', path: base + path() } }) });
  return [
    ...Array.from({ length: INCREMENTING }, () => increment),
    ...writers,
    get(() => `/cache/doc-${Math.floor(random() * 1_000)}`),
    get(() => ['/counters', '/config', '/rooms', '/connections'][Math.floor(random() * 4)]!),
    { ...increment, idles: true },
    { ...get(() => '/config'), idles: true },
  ];
}

export function startLoad(url: string, accounts: ReadonlyMap<string, readonly Account[]>, random: Random): Load {
  const sent: Sent[] = [];
  const ready: Sent[] = [];
  let answered = 0;
  let wanted: { readonly count: number; readonly resolve: () => void } | undefined;

  const note = (one: Sent): void => {
    sent.push(one);
    if (one.fate === 'answered') answered += 1;
    if (wanted !== undefined && answered >= wanted.count) wanted.resolve();
  };

  async function run({ next, idles = false }: Client, at: number): Promise<void> {
    using connection = new KeptAliveClient(`client-${at}`, url);
    for (;;) {
      const { asked, ended } = next();
      const one = await connection.send(asked);
      ended?.(one);
      if (one.fate === 'not-sent') return;
      note(one);
      if (idles) await elapsed(random() * IDLE_MS);
    }
  }

  /** As an orchestrator does, but more often. */
  async function askReady(): Promise<void> {
    using connection = new KeptAliveClient('ready', url, false);
    for (;;) {
      const one = await connection.send({ method: 'GET', path: '/readyz' });
      if (one.fate === 'not-sent') return;
      note(one);
      ready.push(one);
      await elapsed(ASK_READY_MS);
    }
  }

  const clients = Array.from(accounts, ([strategy, own]) => clientsOf(strategy, own, random)).flat();
  return {
    sent,
    ready,
    async answers(count) {
      if (answered >= count) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      wanted = { count, resolve };
      await promise;
    },
    ended: Promise.all([askReady(), ...clients.map(run)]),
  };
}
