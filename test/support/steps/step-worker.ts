/** A thread of step-scheduled runs: waits for the baton, runs its program behind the gate, and waits again. */
import { parentPort, workerData } from 'node:worker_threads';
import { ThreadTable } from '../../../src/sync/thread-table.ts';
import { loadSync } from '../sync-modules.ts';
import { Board, Unwind } from './board.ts';
import { MAIN } from './chooser.ts';
import { Gate } from './gate.ts';
import { Status } from './layout.ts';
import { Locations } from './locations.ts';
import { type Actor, enterSection, runMemory, type Scenario, statefulMemory, type StepBuffers } from './scenario.ts';

export interface StepWorkerData {
  readonly board: SharedArrayBuffer;
  readonly thread: number;
  readonly buffers: StepBuffers;
}

/** What to load, as JSON on the board. */
export interface Play {
  /** Module that exports `scenarios`, and the name of the one to run. */
  readonly scenarios: string;
  readonly scenario: string;
  /** Folder of the modules under test. */
  readonly source: string;
}

const nextTurnOfLoop = setImmediate; // before the gate takes it over
const { board: boardMemory, thread, buffers } = workerData as StepWorkerData;
const board = new Board(boardMemory);
const gate = new Gate(board, thread, new Locations([buffers.locks, buffers.threads, buffers.data], 2));
gate.install();
// A thread that is unwound leaves promises behind that nobody waits for.
process.on('unhandledRejection', (error) => {
  if (!(error instanceof Unwind)) failFinally(error);
});

// What the code under test would only warn of is wrong here.
process.emitWarning = (warning: string | Error) => {
  if (!(warning instanceof Unwind)) failFinally(warning);
};

async function load(play: Play): Promise<() => void | Promise<void>> {
  const sync = await loadSync(play.source);
  const { scenarios } = (await import(play.scenarios)) as { scenarios: readonly Scenario[] };
  const scenario = scenarios.find(({ name }) => name === play.scenario)!;
  const memory = runMemory(buffers, scenario);
  board.tellApartBy(statefulMemory(memory, scenario));
  const actor: Actor = {
    thread,
    slot: ThreadTable.slot(thread, 0),
    memory,
    sync,
    table: new sync.ThreadTable(memory.threads),
    pause: () => gate.pause(),
    saw: (value) => gate.saw(value),
    forget: (here) => gate.forget(here),
    keepsOnly: (knows) => gate.keepsOnly(knows),
    exclusive: (section = 0) => enterSection(actor, section),
    fail: (text) => gate.fail(text),
    event: (callback) => gate.event(callback),
    quietly: (setUp) => gate.quietly(setUp),
    nextDead: () => gate.watch(),
  };
  return () => scenario.program(actor);
}

/** Runs the program. @returns once it is through, or the run is over */
async function run(program: () => void | Promise<void>): Promise<void> {
  try {
    const result = program();
    if (result === undefined) return;
    let finished = false;
    const done = result.then(
      () => (finished = true),
      (error: unknown) => {
        if (!(error instanceof Unwind)) gate.fail(String(error));
      },
    );
    await Promise.race([gate.loop(() => finished), done.then(() => new Promise<never>(() => {}))]);
  } catch (error) {
    if (!(error instanceof Unwind)) failFinally(error);
  }
}

function failFinally(error: unknown): void {
  try {
    gate.fail(error instanceof Error ? (error.stack ?? String(error)) : String(error));
  } catch {
    // The run is over, which is all that was wanted.
  }
}

parentPort!.postMessage('ready');
let program: () => void | Promise<void> = () => {};
for (;;) {
  board.awaitBaton(thread);
  if (board.isLoading) {
    program = await load(JSON.parse(board.text) as Play);
    board.pass(MAIN);
    continue;
  }
  gate.reset();
  board.forgetHistory(thread, -1); // that it began is part of its history
  await run(program);
  if (board.isUnwinding) {
    await new Promise<void>((resolve) => nextTurnOfLoop(resolve)); // leftovers of the run end while nothing counts
    board.pass(MAIN);
  } else {
    board.forgetHistory(thread, -2);
    board.setStatus(thread, Status.gone);
    board.pass(board.choose());
  }
}
