/**
 * Real threads on shared locks, for stress and for deaths: they are started, told what to do, killed and replaced as
 * the supervisor does it with HTTP threads.
 */
import { once } from 'node:events';
import { type Transferable, Worker } from 'node:worker_threads';
import { abandon, LOCK_BYTES } from '../../src/sync/lock-line.ts';
import { type Slot, ThreadTable } from '../../src/sync/thread-table.ts';
import type { CrewMemory, Order, Report } from './crew-worker.ts';

export interface CrewShape {
  readonly locks: number;
  readonly dataBytes?: number;
  /** Words in which threads tell main something without a message. */
  readonly notes?: number;
  /** How much a thread that has just ended holds besides locks. */
  readonly holds?: (slot: Slot) => number;
}

export interface Death {
  readonly position: number;
  readonly slot: Slot;
  /** Locks that were held by the dead. */
  readonly held: number;
  /** What it held besides. */
  readonly heldBesides: number;
}

interface Seat {
  readonly worker: Worker;
  readonly slot: Slot;
  readonly buried: Promise<Death>;
  /** By order. */
  readonly answers: Map<number, PromiseWithResolvers<unknown>>;
}

export class Crew implements AsyncDisposable {
  readonly memory: CrewMemory;
  readonly #threads: ThreadTable;
  readonly #seats = new Map<number, Seat>();
  readonly #lives = new Map<number, number>();
  readonly #holds: (slot: Slot) => number;
  #orders = 0;

  constructor({ locks, dataBytes = 8, notes = 64, holds = () => 0 }: CrewShape) {
    this.memory = {
      locks: new Int32Array(new SharedArrayBuffer(locks * LOCK_BYTES)),
      threads: new SharedArrayBuffer(ThreadTable.bytes),
      data: new SharedArrayBuffer(dataBytes),
      notes: new Int32Array(new SharedArrayBuffer(notes * 4)),
    };
    this.#threads = new ThreadTable(this.memory.threads);
    this.#holds = holds;
  }

  get threads(): ThreadTable {
    return this.#threads;
  }

  slotAt(position: number): Slot {
    return this.#seats.get(position)?.slot ?? 0;
  }

  /** Starts a thread on a position; the last one there is dead. */
  async start(position: number): Promise<void> {
    const life = this.#lives.get(position) ?? 0;
    this.#lives.set(position, life + 1);
    const slot = ThreadTable.slot(position, life);
    this.#threads.enter(slot);
    const worker = new Worker(new URL('crew-worker.ts', import.meta.url), {
      workerData: { memory: this.memory, slot },
    });
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.on('error', (error) => console.error(`thread ${position} failed:`, error));
    const buried = exited.then(() => this.#bury(position, slot));
    const answers: Seat['answers'] = new Map();
    this.#seats.set(position, { worker, slot, buried, answers });
    await once(worker, 'message');
    worker.on('message', (report: Report) => {
      const answer = answers.get(report.id)!;
      answers.delete(report.id);
      if ('result' in report) answer.resolve(report.result);
      else answer.reject(new Error(`a job on thread ${position} failed: ${report.error}`));
    });
  }

  /**
   * Has a thread do a job.
   *
   * @param jobs URL of the module that exports it
   * @returns what the job returned
   * @throws {Error} the job threw, or its thread ended first
   */
  async order(
    position: number,
    jobs: string,
    job: string,
    params: unknown = {},
    transferList: Transferable[] = [],
  ): Promise<unknown> {
    const { worker, buried, answers } = this.#seats.get(position)!;
    const answer = Promise.withResolvers<unknown>();
    const id = ++this.#orders;
    answers.set(id, answer);
    void buried.then(() => answer.reject(new Error(`thread ${position} ended during ${job}`)));
    worker.postMessage({ id, jobs, job, params } satisfies Order, transferList);
    return answer.promise;
  }

  /** Starts so many threads and has all of them do a job at the same time. @returns their results */
  async all(threads: number, jobs: string, job: string, params: unknown = {}): Promise<unknown[]> {
    const positions = Array.from({ length: threads }, (_, position) => position);
    await Promise.all(
      positions.filter((position) => this.slotAt(position) === 0).map((position) => this.start(position)),
    );
    return Promise.all(positions.map((position) => this.order(position, jobs, job, params)));
  }

  /** Ends a thread wherever it is. @returns once what it held is free */
  async kill(position: number): Promise<Death> {
    const { worker, buried } = this.#seats.get(position)!;
    await worker.terminate();
    return buried;
  }

  /** Waits until a thread has ended by itself and what it held is free. */
  ended(position: number): Promise<Death> {
    return this.#seats.get(position)!.buried;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#seats.keys()].map((position) => this.kill(position)));
  }

  #bury(position: number, slot: Slot): Death {
    const heldBesides = this.#holds(slot);
    this.#threads.leave(slot);
    const held = abandon(this.memory.locks, slot, this.#threads);
    if (this.slotAt(position) === slot) this.#seats.delete(position);
    return { position, slot, held, heldBesides };
  }
}
