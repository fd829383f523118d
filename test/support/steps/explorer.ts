/**
 * Runs a scenario under chosen schedules: all of them, as far as they differ in what any thread can notice, or random
 * ones by seed. A failure names the choices that led to it.
 */
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { ThreadTable } from '../../../src/sync/thread-table.ts';
import { LOCK_BYTES } from '../../../src/sync/lock-line.ts';
import { loadSync, REAL_SOURCE } from '../sync-modules.ts';
import { Board } from './board.ts';
import { MAIN } from './chooser.ts';
import { KINDS, MAX_THREADS, Outcome } from './layout.ts';
import { NOTES, type RunMemory, runMemory, type Scenario, type StepBuffers, type SyncModules } from './scenario.ts';
import { countPaths, END, type StateGraph } from './state-graph.ts';
import type { Play, StepWorkerData } from './step-worker.ts';

const MAX_LOCKS = 4;
const MAX_DATA_BYTES = 4_096;
const HANDED_BACK_WITHIN_MS = 10_000;
/** How long main may run without a look at its own event loop. */
const SLICE_MS = 50;

/** A schedule under which something went wrong. */
export interface Failure {
  readonly why: string;
  /** Seed of a random run; 0 for an enumerated one. */
  readonly seed: number;
  /** A line per choice. Words are numbered through: those of the locks, of the thread table, of the data. */
  readonly schedule: readonly string[];
}

export interface Exploration {
  readonly failure?: Failure;
  readonly runs: number;
  /** Choices made in all runs. */
  readonly steps: number;
  /** Distinct states in which a choice was made; 0 for random runs. */
  readonly states: number;
  /** Schedules covered: paths through those states. */
  readonly interleavings: number;
  /** Whether every state was explored. */
  readonly complete: boolean;
  readonly elapsedMs: number;
}

const KIND_NAMES = ['·', 'killed', 'timeout', 'event 0', 'event 1', 'event 2'];
const LONGEST_SCHEDULE = 400;
const SCOUTS = 200;

interface Branch {
  readonly depth: number;
  /** Choices not yet taken there, as a bit mask. */
  untried: number;
}

export class Explorer implements AsyncDisposable {
  readonly #buffers: StepBuffers;
  readonly #board: Board;
  readonly #workers: readonly Worker[];
  #scenario: Scenario | undefined;
  #memory: RunMemory | undefined;
  #sync: SyncModules | undefined;

  private constructor(buffers: StepBuffers, board: Board, workers: readonly Worker[]) {
    this.#buffers = buffers;
    this.#board = board;
    this.#workers = workers;
  }

  /** Starts the threads that all scenarios run on. */
  static async start(): Promise<Explorer> {
    const buffers: StepBuffers = {
      locks: new SharedArrayBuffer(MAX_LOCKS * LOCK_BYTES),
      threads: new SharedArrayBuffer(ThreadTable.bytes),
      data: new SharedArrayBuffer(MAX_DATA_BYTES),
      notes: new SharedArrayBuffer(NOTES * 4),
    };
    const board = new SharedArrayBuffer(Board.bytes);
    const workers = Array.from({ length: MAX_THREADS }, (_, thread) => {
      const workerData: StepWorkerData = { board, thread, buffers };
      return new Worker(new URL('step-worker.ts', import.meta.url), { workerData });
    });
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    return new Explorer(buffers, new Board(board), workers);
  }

  /** Makes `scenario` of the module `scenarios` the one that runs, on the primitives in the folder `source`. */
  async load(scenario: Scenario, scenarios: string, source = REAL_SOURCE): Promise<void> {
    const { threads, locks, dataBytes = 0 } = scenario;
    if (threads > MAX_THREADS || locks > MAX_LOCKS || dataBytes > MAX_DATA_BYTES) {
      throw new RangeError(`at most ${MAX_THREADS} threads, ${MAX_LOCKS} locks and ${MAX_DATA_BYTES} bytes`);
    }
    this.#scenario = scenario;
    this.#memory = runMemory(this.#buffers, scenario);
    this.#sync = await loadSync(source);
    const play: Play = { scenarios, scenario: scenario.name, source };
    this.#board.forgetAccess();
    this.#board.load(threads, JSON.stringify(play), HANDED_BACK_WITHIN_MS);
  }

  /** Every schedule, as far as their states differ, within a number of runs and a time. */
  async all(maxRuns: number, maxMs = Infinity): Promise<Exploration> {
    const startedMs = performance.now();
    const graph: StateGraph = new Map();
    let branches: Branch[] = [];
    let prefix: number[] = [];
    let runs = 0;
    let steps = 0;
    const result = (complete: boolean, failure?: Failure): Exploration => ({
      runs,
      steps,
      states: graph.size,
      interleavings: complete ? countPaths(graph) : 0,
      complete,
      elapsedMs: performance.now() - startedMs,
      ...(failure === undefined ? {} : { failure }),
    });
    // First some random ones: every word that a later run finds to be shared begins the exploration again.
    const scouts = await this.seeds(1, SCOUTS);
    runs += scouts.runs;
    steps += scouts.steps;
    if (scouts.failure !== undefined) return result(false, scouts.failure);
    for (let sliceMs = startedMs; ;) {
      const failure = this.#run(0, prefix);
      runs += 1;
      steps += this.#board.steps;
      if (failure !== undefined) return result(false, failure);
      if (this.#board.foundShared) {
        graph.clear(); // from the beginning, with one more word whose steps count
        branches = [];
        prefix = [];
        continue;
      }
      this.#learn(prefix.length, graph, branches);
      const next = this.#nextPrefix(branches);
      if (next === undefined) return result(true);
      if (runs === maxRuns || performance.now() - startedMs > maxMs) return result(false);
      prefix = next;
      if (performance.now() - sliceMs > SLICE_MS) {
        await nextTurn();
        sliceMs = performance.now();
      }
    }
  }

  /** Random schedules by seed, within a number of runs and a time. */
  async seeds(first: number, count: number, maxMs = Infinity): Promise<Exploration> {
    const startedMs = performance.now();
    let steps = 0;
    let runs = 0;
    let failure: Failure | undefined;
    for (let sliceMs = startedMs; runs < count && failure === undefined; runs++) {
      failure = this.#run(first + runs, []);
      steps += this.#board.steps;
      if (performance.now() - startedMs > maxMs) break;
      if (performance.now() - sliceMs > SLICE_MS) {
        await nextTurn();
        sliceMs = performance.now();
      }
    }
    const elapsedMs = performance.now() - startedMs;
    const counts = { runs, steps, states: 0, interleavings: runs, complete: false, elapsedMs };
    return failure === undefined ? counts : { ...counts, failure };
  }

  #run(seed: number, prefix: readonly number[]): Failure | undefined {
    const { threads, kills = 0, killable = 0, timeouts = 0, prepare, problems } = this.#scenario!;
    const board = this.#board;
    const memory = this.#memory!;
    memory.locks.fill(0);
    new Int32Array(memory.threads).fill(0);
    new Int32Array(memory.data).fill(0);
    memory.notes.fill(0);
    const table = new ThreadTable(memory.threads);
    for (let thread = 0; thread < threads; thread++) table.enter(ThreadTable.slot(thread, 0));
    prepare?.(memory, this.#sync!);
    board.prepare({ threads, kills, killable, timeouts, seed, prefix });
    board.pass(board.choose());
    board.awaitBaton(MAIN, HANDED_BACK_WITHIN_MS);
    const why = this.#whatWentWrong(problems);
    board.unwind(HANDED_BACK_WITHIN_MS);
    return why === undefined ? undefined : { why, seed, schedule: this.#schedule() };
  }

  #whatWentWrong(problems: Scenario['problems']): string | undefined {
    switch (this.#board.outcome) {
      case Outcome.violation:
        return this.#board.text;
      case Outcome.stuck:
        return 'every thread waits, and nobody will wake them';
      case Outcome.endless:
        return 'no end within the steps of a run';
      default: {
        const found = problems?.(this.#memory!, this.#sync!) ?? [];
        return found.length === 0 ? undefined : found.join('; ');
      }
    }
  }

  /** Adds what the last run met to the graph, up to the first state that was known, and its new states to the branches. */
  #learn(from: number, graph: StateGraph, branches: Branch[]): void {
    const board = this.#board;
    for (let depth = Math.max(from - 1, 0); depth < board.steps; depth++) {
      const state = board.state(depth);
      const known = graph.get(state);
      if (depth >= from) {
        if (known !== undefined) return; // from here on another run tells, or will
        branches.push({ depth, untried: board.enabled(depth) & ~(1 << board.chosen(depth)) });
      }
      const edges = known ?? new Map<number, number>();
      edges.set(board.chosen(depth), depth + 1 < board.steps ? board.state(depth + 1) : END);
      graph.set(state, edges);
    }
  }

  /** The choices that lead to the deepest branch with something left to try, and the next of it. */
  #nextPrefix(branches: Branch[]): number[] | undefined {
    for (let last = branches.at(-1); last !== undefined; last = branches.at(-1)) {
      if (last.untried === 0) {
        branches.pop();
        continue;
      }
      const choice = 31 - Math.clz32(last.untried & -last.untried);
      last.untried &= ~(1 << choice);
      // The last run came through this branch, so what it chose before is the way there.
      return [...Array.from({ length: last.depth }, (_, step) => this.#board.chosen(step)), choice];
    }
    return undefined;
  }

  /** One line per choice: the thread, what was chosen for it, and what it did then. */
  #schedule(): string[] {
    return Array.from({ length: Math.min(this.#board.steps, LONGEST_SCHEDULE) }, (_, step) => {
      const choice = this.#board.chosen(step);
      return `${Math.trunc(choice / KINDS)} ${KIND_NAMES[choice % KINDS]} ${this.#board.done(step)}`;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
