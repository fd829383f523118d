/** Several real threads attached to one strategy, without HTTP: what the contract suites drive. */
import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { embeddedOptions, type OriginAccess, takeOver } from '../../src/origin/create-origin.ts';
import type { Connections } from '../../src/resources/connections.ts';
import { readSettings, type Settings } from '../../src/settings.ts';
import type { ResourceName, Strategy } from '../../src/strategies/strategy.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import type { OwnerPorts } from '../../src/threads/attach.ts';
import { Faults } from '../../src/threads/faults.ts';
import { allocateMemory, bury, cellName, type ServiceMemory } from '../../src/threads/memory.ts';
import { Owner, ownedCells } from '../../src/threads/owner.ts';
import { fromWire, type WireError } from '../../src/wire-error.ts';
import { GatedOrigin } from './gated-origin.ts';
import type { AsyncCache, AsyncConfig, AsyncConnections, AsyncCounters, Operation, Work } from './rig-operations.ts';

/** A busy machine stops a thread for seconds, also one that others wait for; that is not what these tests are about. */
const patient = { LOCK_TIMEOUT_MS: '60000', MAILBOX_WAIT_MS: '60000', ORIGIN_TIMEOUT_MS: '60000' };

export interface RigData extends OriginAccess {
  readonly strategy: string;
  readonly settings: Settings;
  readonly memory: ServiceMemory;
  readonly slot: number;
  readonly ownerPorts: OwnerPorts;
}

export type RigReply =
  | { readonly id: number; readonly results: unknown[] }
  | { readonly id: number; readonly error: WireError };

export interface RigOptions {
  readonly strategy: Strategy;
  readonly threads: number;
  /** As environment variables. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface Rig extends AsyncDisposable {
  readonly threads: number;
  readonly origin: GatedOrigin;
  /** Lets time pass for all threads, at once: by the clock of ages and leases, and by the wall clock. */
  pass(ms: number): void;
  /** Somebody sets the wall clock. */
  setWall(byMs: number): void;
  /** Counters as one of the threads sees them. */
  on(thread: number): AsyncCounters;
  /** The cache as one of the threads sees it. */
  cacheOn(thread: number): AsyncCache;
  /** The connection map as one of the threads sees it. */
  connectionsOn(thread: number): AsyncConnections;
  /** The config as one of the threads sees it. */
  configOn(thread: number): AsyncConfig;
  /** Runs work on one thread. */
  run(thread: number, work: Work): Promise<unknown[]>;
  /** Runs the same work on every thread at once. */
  onEachThread(work: Work): Promise<unknown[][]>;
  /** Ends a thread at once, wherever it is, and puts a new one in its place. */
  kill(thread: number): Promise<void>;
  /** The thread, or the owner, that makes the next change to a resource ends half-way through it. */
  dieMidway(resource: ResourceName): void;
  /** Resolves when a thread has ended by itself and a new one is in its place. */
  replaced(thread: number): Promise<void>;
  /** Ends the owner thread at once; a new one takes its place. */
  killOwner(): Promise<void>;
  /** Resolves when an owner has died and what the threads are asked next goes to its successor. */
  ownerReplaced(): Promise<void>;
}

/** A strategy that shares nothing between threads gets one. */
export function threadsFor(strategy: Strategy, wanted: number): number {
  return strategy.threads ?? wanted;
}

export async function startRig({ strategy, threads: wanted, settings: environment = {} }: RigOptions): Promise<Rig> {
  const threads = threadsFor(strategy, wanted);
  const settings = readSettings({ THREADS: String(threads), ORIGIN_LATENCY_MS: '1', ...patient, ...environment });
  const clockSteps = new SharedArrayBuffer(16);
  const steps = new Float64Array(clockSteps);
  const memory = { ...allocateMemory(settings, [strategy]), clockSteps };
  const origin = new GatedOrigin(embeddedOptions(settings));
  const originEpoch = await takeOver(settings);
  const table = new ThreadTable(memory.threads);
  const seats: { worker: Worker; slot: number }[] = [];
  const lives = Array.from({ length: threads }, () => 0);
  const pending = new Map<number, { resolve(results: unknown[]): void; reject(error: Error): void }>();
  let lastId = 0;

  let replacement = Promise.withResolvers<void>();
  const owner = new Owner({
    settings,
    memory,
    origin,
    originEpoch,
    position: threads,
    owned: ownedCells([strategy]),
    onError: (error) => {
      throw error;
    },
    onDeath: () => 0,
    onReplaced: () => {
      for (const [position, { worker }] of seats.entries()) {
        const { ports: ownerPorts, transferList } = owner.connect(position);
        worker.postMessage({ ownerPorts }, transferList);
      }
      replacement.resolve();
      replacement = Promise.withResolvers();
    },
  });

  async function seat(position: number): Promise<void> {
    const slot = ThreadTable.slot(position, lives[position]!++);
    const { port1, port2 } = new MessageChannel();
    origin.serve(port1);
    table.enter(slot);
    const { ports: ownerPorts, transferList } = owner.connect(position);
    const worker = new Worker(new URL('./rig-worker.ts', import.meta.url), {
      workerData: {
        strategy: strategy.name,
        settings,
        memory,
        slot,
        originPort: port2,
        originEpoch,
        ownerPorts,
      } satisfies RigData,
      transferList: [port2, ...transferList],
    });
    seats[position] = { worker, slot };
    await once(worker, 'message');
    worker.on('message', (reply: RigReply) => {
      const waiter = pending.get(reply.id);
      pending.delete(reply.id);
      if ('error' in reply) waiter?.reject(fromWire(reply.error));
      else waiter?.resolve(reply.results);
    });
  }

  function run(thread: number, work: Work): Promise<unknown[]> {
    const id = ++lastId;
    const result = new Promise<unknown[]>((resolve, reject) => pending.set(id, { resolve, reject }));
    seats[thread]!.worker.postMessage({ id, work });
    return result;
  }

  async function once1<T>(thread: number, operation: Operation): Promise<T> {
    const [result] = await run(thread, { ...operation, times: 1 });
    return result as T;
  }

  await owner.start();
  await seat(0); // it restores what is stored; the others find it there
  await Promise.all(Array.from({ length: threads - 1 }, (_seat, index) => seat(index + 1)));

  return {
    threads,
    origin,
    pass(ms) {
      steps[0]! += ms;
      steps[1]! += ms;
    },
    setWall(byMs) {
      steps[1]! += byMs;
    },
    on: (thread) => ({
      increment: (key, by = 1) => once1(thread, { increment: key, by }),
      compareAndSet: (key, expected, value) => once1(thread, { compareAndSet: key, expected, value }),
      read: (key) => once1(thread, { read: key }),
      delete: (key) => once1(thread, { delete: key }),
      list: (limit = 1000, cursor = 0) => once1(thread, { list: { limit, cursor } }),
    }),
    cacheOn: (thread) => ({
      read: (key, withinMs = 30_000) => once1(thread, { readDocument: key, withinMs }),
      write: (key, value, ttlMs = 30_000) => once1(thread, { writeDocument: key, value, ttlMs }),
      delete: (key) => once1(thread, { deleteDocument: key }),
      forget: (key) => once1(thread, { forgetDocument: key }),
      clear: () => once1(thread, { clearCache: true }),
      stats: () => once1(thread, { cacheStats: true }),
    }),
    connectionsOn(thread) {
      const ask =
        (connections: keyof Connections) =>
        (...args: unknown[]) =>
          once1(thread, { connections, args });
      const names = ['register', 'heartbeat', 'find', 'leave', 'list', 'rooms', 'sweep'] as const;
      return Object.fromEntries(names.map((name) => [name, ask(name)])) as AsyncConnections;
    },
    configOn: (thread) => ({
      read: () => once1(thread, { readConfig: true }),
      replace: (values, expected) => once1(thread, { replaceConfig: values, expected }),
    }),
    run,
    onEachThread: (work) => Promise.all(seats.map((_seat, thread) => run(thread, work))),
    async kill(thread) {
      const { worker, slot } = seats[thread]!;
      await worker.terminate();
      bury(memory, slot);
      await seat(thread);
    },
    dieMidway(resource) {
      new Faults(memory.cells.get(cellName(strategy, resource))!.faults).inject('exit-holding', 1, 0);
    },
    async replaced(thread) {
      const { worker, slot } = seats[thread]!;
      await once(worker, 'exit');
      bury(memory, slot);
      await seat(thread);
    },
    killOwner: () => owner.crash(),
    ownerReplaced: () => replacement.promise,
    async [Symbol.asyncDispose]() {
      await Promise.all(seats.map(({ worker }) => worker.terminate()));
      await owner.stop(); // its senders are gone, so it ends by itself
    },
  } satisfies Rig;
}
