/**
 * The main thread's part: starts the HTTP threads, replaces one that dies, frees the locks it held, and ends them all.
 * It never blocks and never waits on an atomic.
 */
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { ListenOptions } from '../http/server.ts';
import { createEmbeddedOrigin, takeOver, watchFence } from '../origin/create-origin.ts';
import type { EmbeddedOrigin } from '../origin/embedded.ts';
import type { FenceWatch } from '../origin/fence-watch.ts';
import { SharedOrigin } from '../origin/shared-origin.ts';
import type { Settings } from '../settings.ts';
import { ThreadTable } from '../sync/thread-table.ts';
import { connectionLimit } from './connection-limit.ts';
import { CrashLoop } from './crash-loop.ts';
import { endsFirst } from './ends-first.ts';
import { INJECTED_EXIT } from './faults.ts';
import type { FromHttpThread, HttpThreadData, ToHttpThread } from './http-thread.ts';
import { allocateMemory, bury, servedStrategies, type ServiceMemory } from './memory.ts';
import { Owner, ownedCells } from './owner.ts';
import { claimPort, type PortClaim } from './port-claim.ts';
import { storedCells } from './stored-cells.ts';

const MIB = 1024 * 1024;
/** The longest time that a client may leave unfinished what it has begun, once the service ends; a fifth of what it has. */
const MAX_UNFINISHED_MS = 2_000;

interface Seat {
  readonly position: number;
  /** How many threads have lived here. */
  lives: number;
  readonly loop: CrashLoop;
  worker: Worker | undefined;
}

export class Supervisor {
  readonly #settings: Settings;
  readonly #log: Logger;
  readonly #memory: ServiceMemory;
  readonly #threads: ThreadTable;
  readonly #origin: EmbeddedOrigin;
  readonly #owned: readonly string[];
  readonly #onFatal: (error: Error) => void;
  readonly #seats: Seat[] = [];
  #owner: Owner | undefined;
  #reusePort = true;
  #stopping = false;
  /** Numeric: every thread listens on the same, and it is the one that is claimed. */
  #address = '';
  #port: number;
  #claim: PortClaim | undefined;
  readonly #maxConnections: number;
  #originEpoch = 0;
  #fence: FenceWatch | undefined;

  /** @param onFatal called when the service cannot go on: threads die as fast as they are started */
  constructor(settings: Settings, log: Logger, onFatal: (error: Error) => void) {
    this.#settings = settings;
    this.#log = log;
    this.#onFatal = onFatal;
    this.#memory = allocateMemory(settings);
    this.#threads = new ThreadTable(this.#memory.threads);
    this.#port = settings.PORT;
    this.#owned = ownedCells(servedStrategies(settings));
    this.#origin = createEmbeddedOrigin(settings);
    const { perThread, isCut } = connectionLimit(settings);
    this.#maxConnections = perThread;
    if (isCut)
      log.warn({ perThread }, 'MAX_CONNECTIONS is more than the limit of open files (ulimit -n) leaves room for');
  }

  /** Starts every thread. @returns the address, once all of them listen. @throws {Error} also when told to stop meanwhile */
  async start(): Promise<string> {
    const { HOST, PORT, THREADS } = this.#settings;
    // Whatever can fail comes before an older process is fenced out of the origin.
    this.#address = (await lookup(HOST)).address;
    if (PORT !== 0) this.#claim = await claimPort(this.#address, PORT);
    await assertFree(this.#address, PORT);
    this.#reusePort = THREADS > 1 && (await canReusePort(this.#address));
    this.#assertGoesOn(); // before an older process is fenced out for nothing
    this.#originEpoch = await takeOver(this.#settings, storedCells(this.#settings));
    this.#assertGoesOn();
    const shared = new SharedOrigin(this.#memory.origin);
    this.#fence = await watchFence(this.#settings, this.#originEpoch, shared, () => this.#onFencedOut());
    if (this.#stopping) await this.#fence?.stop();
    this.#assertGoesOn();
    if (THREADS > 1 && !this.#reusePort) {
      this.#log.warn('this platform cannot share a port between threads (reusePort): one HTTP thread serves');
    }
    const positions = this.#reusePort ? THREADS : 1;
    for (let position = 0; position < positions; position++) {
      this.#seats.push({ position, lives: 0, loop: new CrashLoop(`thread ${position}`), worker: undefined });
    }
    await this.#startOwner(positions);
    const [first, ...others] = this.#seats;
    this.#port = await this.#seat(first!); // PORT=0: the first picks one for all
    this.#claim ??= await claimPort(this.#address, this.#port);
    await Promise.all(others.map((seat) => this.#seat(seat)));
    return `http://${HOST.includes(':') ? `[${HOST}]` : HOST}:${this.#port}`;
  }

  /**
   * Drains every thread.
   *
   * @returns whether all ended within `SHUTDOWN_TIMEOUT_MS`; the others were cut off
   */
  async stop(): Promise<boolean> {
    this.#stopping = true;
    const ended = this.#drain();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, this.#settings.SHUTDOWN_TIMEOUT_MS, 'late');
    });
    const result = await Promise.race([ended, late]);
    clearTimeout(timer);
    if (result === 'late') {
      await Promise.all([...this.#seats.map(({ worker }) => worker?.terminate()), this.#owner?.crash()]);
    }
    return result !== 'late';
  }

  /**
   * The owner ends after the last of its senders, so after the HTTP threads; whoever waits for it is answered. A thread that is
   * still starting is cut off: nobody waits for it, and what it waits for itself (Redis, its first documents) may take long.
   */
  async #drain(): Promise<void> {
    const ends = this.#seats.map(async ({ worker, position }) => {
      if (worker === undefined) return;
      if (!this.#threads.isServing(position)) return void (await worker.terminate());
      // Not `once` of node:events: that rejects when a thread fails, and the others would be cut off.
      const exited = new Promise((resolve) => worker.once('exit', resolve));
      worker.postMessage('drain' satisfies ToHttpThread);
      await exited;
    });
    await Promise.all(ends);
    await this.#owner?.stop();
    await this.#fence?.stop();
    await this.#claim?.[Symbol.asyncDispose]();
  }

  #assertGoesOn(): void {
    if (this.#stopping) throw new Error('the service was told to stop while it started');
  }

  /** It does not end by itself: where something starts it again it would fence out the other, and that one this, for ever. */
  #onFencedOut(): void {
    this.#log.error(
      'another service process has taken over REDIS_NAMESPACE, or Redis has lost what it had: this one stores nothing, answers ' +
        'nothing of its state, and stays unready until it is ended (SIGTERM)',
    );
    for (const { worker } of this.#seats) worker?.postMessage('fenced' satisfies ToHttpThread);
  }

  /** Ends the thread at a position at once, as a crash would; it is replaced. For demonstrations and tests. */
  async crash(position: number): Promise<void> {
    if (position === this.#seats.length) await this.#owner?.crash();
    else await this.#seats[position]?.worker?.terminate();
  }

  async #startOwner(position: number): Promise<void> {
    const loop = new CrashLoop('the owner thread');
    this.#owner = new Owner({
      settings: this.#settings,
      memory: this.#memory,
      origin: this.#origin,
      originEpoch: this.#originEpoch,
      position,
      owned: this.#owned,
      onError: (error) => this.#log.error({ err: error }, 'the owner thread failed'),
      onDeath: (livedMs, error) => this.#backoff(loop, livedMs, error),
      onReplaced: () => this.#seats.forEach((seat) => this.#reconnect(seat)),
    });
    await this.#owner.start();
  }

  get #listenOptions(): ListenOptions {
    const { MAX_BODY_MEMORY_MB, SHUTDOWN_TIMEOUT_MS } = this.#settings;
    return {
      host: this.#address,
      port: this.#port,
      reusePort: this.#reusePort,
      maxConnections: this.#maxConnections,
      maxBodyMemoryBytes: MAX_BODY_MEMORY_MB * MIB,
      unfinishedMs: Math.min(MAX_UNFINISHED_MS, SHUTDOWN_TIMEOUT_MS / 5),
    };
  }

  #reconnect({ worker, position }: Seat): void {
    if (worker === undefined) return; // its successor is connected when it starts
    const { ports, transferList } = this.#owner!.connect(position);
    worker.postMessage({ ownerPorts: ports } satisfies ToHttpThread, transferList);
  }

  /** Puts a new thread on a seat. @returns the port that it listens on */
  async #seat(seat: Seat): Promise<number> {
    this.#assertGoesOn();
    const slot = ThreadTable.slot(seat.position, seat.lives++);
    const { port1, port2 } = new MessageChannel();
    this.#origin.serve(port1);
    const owner = this.#owner!.connect(seat.position);
    this.#threads.enter(slot);
    const startedMs = performance.now();
    let failure: unknown;
    const died = (livedMs: number): void => {
      port1.close();
      seat.worker = undefined;
      this.#bury(slot);
      if (!this.#stopping) this.#replace(seat, livedMs, failure);
    };
    const options = {
      workerData: {
        settings: { ...this.#settings, THREADS: this.#seats.length },
        memory: this.#memory,
        slot,
        originPort: port2,
        originEpoch: this.#originEpoch,
        ownerPorts: owner.ports,
        hasOwner: this.#owned.length > 0,
        listen: this.#listenOptions,
      } satisfies HttpThreadData,
      transferList: [port2, ...owner.transferList],
    };
    let worker: Worker;
    try {
      worker = new Worker(new URL('./http-thread.ts', import.meta.url), options);
    } catch (error) {
      failure = error; // the system has no room for a thread
      died(0);
      throw error;
    }
    seat.worker = worker;
    const listening = once(worker, 'message') as Promise<[FromHttpThread]>;
    worker.on('error', (error) => {
      failure = error;
      this.#log.error({ err: error, slot }, 'a thread failed');
    });
    worker.on('exit', (code) => died(code === INJECTED_EXIT ? Infinity : performance.now() - startedMs));
    const [{ listeningOn }] = await Promise.race([listening, endsFirst(worker, `thread ${seat.position}`)]);
    return listeningOn;
  }

  #bury(slot: number): void {
    const held = bury(this.#memory, slot);
    if (held > 0) this.#log.warn({ slot, held }, 'a dead thread held locks; their next owners repair');
  }

  #replace(seat: Seat, livedMs: number, cause: unknown): void {
    const backoffMs = this.#backoff(seat.loop, livedMs, cause);
    if (backoffMs === undefined) return;
    setTimeout(() => {
      if (this.#stopping) return;
      this.#seat(seat).catch((error: unknown) => {
        if (!this.#stopping) this.#log.error({ err: error }, 'a replacement did not start');
      });
    }, backoffMs);
  }

  /** @returns after how many milliseconds a dead thread may be replaced; undefined when the service gives up */
  #backoff(loop: CrashLoop, livedMs: number, error: unknown): number | undefined {
    const backoffMs = loop.died(livedMs, error);
    if (backoffMs === undefined) this.#onFatal(new Error(loop.verdict));
    else this.#log.warn({ thread: loop.name, backoffMs }, 'a thread died and is replaced');
    return backoffMs;
  }
}

/**
 * Sockets that share a port also share it with another process of ours, which would split the clients between two
 * states. So the port must be had alone first.
 *
 * @throws {Error} EADDRINUSE and the like
 */
async function assertFree(host: string, port: number): Promise<void> {
  const probe = createServer();
  probe.listen({ host, port });
  await once(probe, 'listening');
  probe.close();
  await once(probe, 'close');
}

/** Whether two sockets may listen on one port here. Platforms that cannot fail to listen. */
async function canReusePort(host: string): Promise<boolean> {
  const probe = createServer();
  try {
    probe.listen({ host, port: 0, reusePort: true });
    await once(probe, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    probe.close();
  }
}
