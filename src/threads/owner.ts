/** The owner thread as main sees it: starts it, connects HTTP threads to it, replaces it when it dies. */
import { once } from 'node:events';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { EmbeddedOrigin } from '../origin/embedded.ts';
import type { Settings } from '../settings.ts';
import type { Strategy } from '../strategies/strategy.ts';
import { ThreadTable } from '../sync/thread-table.ts';
import { INJECTED_EXIT } from './faults.ts';
import type { OwnerPorts } from './attach.ts';
import { bury, cellName, type ServiceMemory } from './memory.ts';
import { endsFirst } from './ends-first.ts';
import type { OwnerThreadData, ToOwnerThread } from './owner-thread.ts';

export interface OwnerOptions {
  readonly settings: Settings;
  readonly memory: ServiceMemory;
  readonly origin: EmbeddedOrigin;
  /** See `OriginAccess`. */
  readonly originEpoch: number;
  /** The position after those of the HTTP threads. */
  readonly position: number;
  /** Names of the cells that have an owner; see `ownedCells`. */
  readonly owned: readonly string[];
  /** A dead owner was replaced, or is about to be: every HTTP thread needs ports to the new one. */
  readonly onReplaced: () => void;
  readonly onError: (error: unknown) => void;
  /** The thread ended without being told to; says after how many milliseconds a new one may start, or not at all. */
  readonly onDeath: (livedMs: number, error: unknown) => number | undefined;
}

/** Names of the cells of these strategies that have an owner. */
export function ownedCells(strategies: readonly Strategy[]): string[] {
  return strategies.flatMap((strategy) =>
    Object.entries(strategy.cells).flatMap(([resource, cell]) =>
      'own' in cell && cell.own !== undefined ? [cellName(strategy, resource as keyof Strategy['cells'])] : [],
    ),
  );
}

export class Owner {
  readonly #options: OwnerOptions;
  readonly #threads: ThreadTable;
  #worker: Worker | undefined;
  #lives = 0;
  /** Whether it takes senders: before that, whoever asks is connected when it does. */
  #serves = false;
  #stopping = false;

  constructor(options: OwnerOptions) {
    this.#options = options;
    this.#threads = new ThreadTable(options.memory.threads);
  }

  /** Starts the thread; resolves when it serves. */
  async start(): Promise<void> {
    const { settings, memory, origin, originEpoch, owned, position } = this.#options;
    if (owned.length === 0) return;
    const slot = ThreadTable.slot(position, this.#lives++);
    const { port1, port2 } = new MessageChannel();
    origin.serve(port1);
    this.#threads.enter(slot);
    const startedMs = performance.now();
    const access = { originPort: port2, originEpoch };
    const workerData = { settings, memory, slot, ...access, owned } satisfies OwnerThreadData;
    let failure: unknown;
    const died = (livedMs: number): void => {
      port1.close();
      bury(memory, slot);
      this.#worker = undefined;
      this.#serves = false;
      if (!this.#stopping) this.#replace(livedMs, failure);
    };
    let worker: Worker;
    try {
      worker = new Worker(new URL('./owner-thread.ts', import.meta.url), { workerData, transferList: [port2] });
    } catch (error) {
      failure = error; // the system has no room for a thread
      died(0);
      throw error;
    }
    this.#worker = worker;
    worker.on('error', (error) => {
      failure = error;
      this.#options.onError(error); // the exit that follows replaces it
    });
    worker.on('exit', (code) => died(code === INJECTED_EXIT ? Infinity : performance.now() - startedMs));
    await Promise.race([once(worker, 'message'), endsFirst(worker, 'the owner thread')]);
    this.#serves = true;
  }

  /** Ports for the HTTP thread at `position`, one per owned cell, and the list to transfer them with. */
  connect(position: number): { readonly ports: OwnerPorts; readonly transferList: MessagePort[] } {
    const ports: Record<string, MessagePort> = {};
    if (this.#worker === undefined || !this.#serves) return { ports, transferList: [] };
    for (const name of this.#options.owned) {
      const { port1, port2 } = new MessageChannel();
      this.#worker.postMessage({ connect: name, position, port: port1 } satisfies ToOwnerThread, [port1]);
      ports[name] = port2;
    }
    return { ports, transferList: Object.values(ports) };
  }

  /** No sender will come any more: the owner ends once it has answered the last, or at once if it is still starting. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const worker = this.#worker;
    if (worker === undefined) return;
    if (!this.#serves) return void (await worker.terminate());
    const exited = new Promise((resolve) => worker.once('exit', resolve)); // `once` of node:events rejects on an error
    worker.postMessage('no-more-senders' satisfies ToOwnerThread);
    await exited;
  }

  /** Ends the thread at once, as a crash would. */
  async crash(): Promise<void> {
    await this.#worker?.terminate();
  }

  /** Told to stop meanwhile, the new one is ended by `stop`, and nobody is told that it failed. */
  async #startAgain(): Promise<void> {
    try {
      await this.start();
      if (!this.#stopping) this.#options.onReplaced();
    } catch (error) {
      if (!this.#stopping) this.#options.onError(error);
    }
  }

  #replace(livedMs: number, error: unknown): void {
    const backoffMs = this.#options.onDeath(livedMs, error);
    if (backoffMs === undefined) return;
    setTimeout(() => {
      if (this.#stopping) return;
      void this.#startAgain();
    }, backoffMs);
  }
}
