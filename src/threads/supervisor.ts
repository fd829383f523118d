/**
 * The main thread's part: starts the HTTP threads, replaces one that dies, frees the locks it held, and ends them all.
 * It never blocks and never waits on an atomic.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { EmbeddedOrigin } from '../origin/embedded.ts';
import { seededRandom } from '../random.ts';
import type { Settings } from '../settings.ts';
import { ThreadTable } from '../sync/thread-table.ts';
import type { FromHttpThread, HttpThreadData, ToHttpThread } from './http-thread.ts';
import { allocateMemory, bury, type ServiceMemory } from './memory.ts';

/** A thread that dies this soon after its start counts towards a crash loop. */
const SHORT_LIFE_MS = 5_000;
const MAX_SHORT_LIVES = 5;
const FIRST_BACKOFF_MS = 50;

interface Seat {
  readonly position: number;
  /** How many threads have lived here. */
  lives: number;
  shortLives: number;
  worker: Worker | undefined;
}

export class Supervisor {
  readonly #settings: Settings;
  readonly #log: Logger;
  readonly #memory: ServiceMemory;
  readonly #threads: ThreadTable;
  readonly #origin: EmbeddedOrigin;
  readonly #onFatal: (error: Error) => void;
  readonly #seats: Seat[] = [];
  #reusePort = true;
  #stopping = false;
  #port: number;

  /** @param onFatal called when the service cannot go on: threads die as fast as they are started */
  constructor(settings: Settings, log: Logger, onFatal: (error: Error) => void) {
    this.#settings = settings;
    this.#log = log;
    this.#onFatal = onFatal;
    this.#memory = allocateMemory(settings);
    this.#threads = new ThreadTable(this.#memory.threads);
    this.#port = settings.PORT;
    this.#origin = new EmbeddedOrigin({
      latencyMs: settings.ORIGIN_LATENCY_MS,
      jitterMs: settings.ORIGIN_JITTER_MS,
      random: seededRandom(settings.ORIGIN_SEED),
    });
  }

  /** Starts every thread. @returns the address, once all of them listen */
  async start(): Promise<string> {
    const { HOST, THREADS } = this.#settings;
    this.#reusePort = THREADS > 1 && (await canReusePort(HOST));
    if (THREADS > 1 && !this.#reusePort) {
      this.#log.warn('this platform cannot share a port between threads (reusePort): one HTTP thread serves');
    }
    const positions = this.#reusePort ? THREADS : 1;
    for (let position = 0; position < positions; position++) {
      this.#seats.push({ position, lives: 0, shortLives: 0, worker: undefined });
    }
    const [first, ...others] = this.#seats;
    this.#port = await this.#seat(first!); // PORT=0: the first picks one for all
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
    const workers = this.#seats.flatMap(({ worker }) => worker ?? []);
    const ended = Promise.all(workers.map((worker) => once(worker, 'exit')));
    for (const worker of workers) worker.postMessage('drain' satisfies ToHttpThread);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, this.#settings.SHUTDOWN_TIMEOUT_MS, 'late');
    });
    const result = await Promise.race([ended, late]);
    clearTimeout(timer);
    if (result === 'late') await Promise.all(workers.map((worker) => worker.terminate()));
    return result !== 'late';
  }

  /** Ends the thread at a position at once, as a crash would; it is replaced. For demonstrations and tests. */
  async crash(position: number): Promise<void> {
    await this.#seats[position]?.worker?.terminate();
  }

  /** Puts a new thread on a seat. @returns the port that it listens on */
  async #seat(seat: Seat): Promise<number> {
    const slot = ThreadTable.slot(seat.position, seat.lives++);
    const { HOST } = this.#settings;
    const { port1, port2 } = new MessageChannel();
    this.#origin.serve(port1);
    this.#threads.enter(slot);
    const startedMs = performance.now();
    const worker = new Worker(new URL('./http-thread.ts', import.meta.url), {
      workerData: {
        settings: { ...this.#settings, THREADS: this.#seats.length },
        memory: this.#memory,
        slot,
        originPort: port2,
        listen: { host: HOST, port: this.#port, reusePort: this.#reusePort },
      } satisfies HttpThreadData,
      transferList: [port2],
    });
    seat.worker = worker;
    const listening = once(worker, 'message') as Promise<[FromHttpThread]>;
    worker.on('error', (error) => this.#log.error({ err: error, slot }, 'a thread failed'));
    worker.on('exit', () => {
      port1.close();
      seat.worker = undefined;
      this.#bury(slot);
      if (!this.#stopping) this.#replace(seat, performance.now() - startedMs);
    });
    const exited = once(worker, 'exit').then(() => Promise.reject(new Error('the thread ended before it listened')));
    const [{ listeningOn }] = await Promise.race([listening, exited]);
    exited.catch(() => {});
    return listeningOn;
  }

  #bury(slot: number): void {
    const held = bury(this.#memory, slot);
    if (held > 0) this.#log.warn({ slot, held }, 'a dead thread held locks; their next owners repair');
  }

  #replace(seat: Seat, livedMs: number): void {
    seat.shortLives = livedMs < SHORT_LIFE_MS ? seat.shortLives + 1 : 0;
    if (seat.shortLives > MAX_SHORT_LIVES) {
      const message = `thread ${seat.position} died ${seat.shortLives} times in a row within ${SHORT_LIFE_MS} ms`;
      return this.#onFatal(new Error(message));
    }
    const backoffMs = seat.shortLives === 0 ? 0 : FIRST_BACKOFF_MS * 2 ** (seat.shortLives - 1);
    this.#log.warn({ position: seat.position, backoffMs }, 'a thread died and is replaced');
    setTimeout(() => {
      if (this.#stopping) return;
      this.#seat(seat).catch((error: unknown) => this.#log.error({ err: error }, 'a replacement did not start'));
    }, backoffMs);
  }
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
