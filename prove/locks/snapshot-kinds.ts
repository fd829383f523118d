/** A snapshot cell: writers that die in their turn, and readers that die with a version pinned. */
import { LockTimeoutError, VersionsHeldError } from '../../src/errors.ts';
import { SnapshotCell } from '../../src/sync/snapshot-cell.ts';
import { LINE_WORDS, PINS } from '../../src/sync/snapshot-layout.ts';
import { type Slot, ThreadTable } from '../../src/sync/thread-table.ts';
import type { CrewMemory, Job, Post } from '../../test/support/crew-worker.ts';
import { balance, move, SIZE as LARGE } from '../../test/support/snapshot-balance.ts';
import type { Audit, KillKind, KillParams } from './kind.ts';
import * as notes from './kill-notes.ts';
import { Mortal } from './mortal.ts';

/** So few spare pages that writers are soon refused beside a reader that stays where it is. */
const SIZE = { ...LARGE, sparePages: 48 };
const THREADS = 4;
const POSITIONS = [0, 1, 2, 3];

/** Word of the cell that counts the turns of a position: on a page that the accounts and stamps leave alone. */
const turnsOf = (position: number): number => (1 + position) * 256 + 77;

class Writer {
  readonly #mortal: Mortal;
  readonly #cell: SnapshotCell;
  readonly #position: number;
  #isReading = false;

  constructor(post: Post, params: KillParams) {
    this.#mortal = new Mortal(post, params);
    this.#cell = cellOf(post.memory, post.slot, params.hangMs);
    this.#position = post.position;
    this.#mortal.stayWhile(() => this.#isReading || this.#mortal.owns(0, 1));
  }

  write(): void {
    this.#timed(() => {
      const { deaths } = this.#mortal;
      const startedMs = performance.now();
      while (!this.#wrote()) {
        if (performance.now() - startedMs > this.#mortal.hangMs)
          throw new LockTimeoutError('kills', this.#mortal.hangMs);
        Atomics.wait(this.#mortal.post.memory.notes, notes.STOP, 0, 1);
      }
      this.#mortal.waited(deaths, performance.now() - startedMs);
      this.#mortal.count(notes.acknowledged(this.#position, 0));
    });
  }

  read(): void {
    this.#timed(() => {
      this.#cell.read(() => {
        this.#isReading = true;
        this.#mortal.step();
        const first = balance(this.#cell);
        this.#mortal.step();
        if (balance(this.#cell) !== first) this.#mortal.count(notes.TORN);
        this.#isReading = false;
      });
    });
  }

  /** Until the run is over, with a share of reads. */
  run(reads: number): void {
    while (this.#mortal.goesOn()) {
      if (this.#mortal.random() < reads) this.read();
      else this.write();
    }
  }

  /** @returns false when a reader left no room for the next version */
  #wrote(): boolean {
    try {
      this.#cell.write(() => this.#turn());
      return true;
    } catch (error) {
      if (error instanceof VersionsHeldError) return false;
      throw error;
    }
  }

  #turn(): void {
    this.#mortal.step();
    move(this.#cell, this.#mortal.random);
    this.#mortal.step();
    this.#cell.set(turnsOf(this.#position), this.#cell.word(turnsOf(this.#position)) + 1);
    this.#mortal.step();
  }

  #timed(action: () => void): void {
    try {
      action();
      this.#mortal.count(notes.CHANGES);
    } catch (error) {
      if (!(error instanceof LockTimeoutError)) throw error;
      this.#mortal.count(notes.TIMEOUTS);
    }
  }
}

const readOrWrite: Job<KillParams> = (post, params) => new Writer(post, params).run(0.3);
const read: Job<KillParams> = (post, params) => new Writer(post, params).run(1);
const write: Job<KillParams> = (post, params) => new Writer(post, params).run(0);

export const jobs = { readOrWrite, read, write };

const shared = {
  threads: THREADS,
  locks: 1,
  dataBytes: SnapshotCell.bytes(SIZE),
  jobs: import.meta.url,
  points: 0,
  audit,
};

export const snapshotKinds: readonly KillKind[] = [
  { ...shared, name: 'snapshot writer', victims: POSITIONS, steps: 24, jobAt: () => 'readOrWrite' },
  {
    ...shared,
    name: 'snapshot reader',
    victims: [0, 1],
    steps: 12,
    jobAt: (position) => (position < 2 ? 'read' : 'write'),
    besides: 'pins',
    holds: ({ data }, slot) => (pinOf(data, slot) === 0 ? 0 : 1),
  },
];

function pinOf(data: SharedArrayBuffer, slot: Slot): number {
  return Atomics.load(new Int32Array(data), PINS + ThreadTable.positionOf(slot) * LINE_WORDS);
}

function cellOf({ data, locks, threads }: CrewMemory, slot: Slot, timeoutMs: number): SnapshotCell {
  const lock = { locks, line: 0 };
  return new SnapshotCell({ ...SIZE, data, lock, name: 'kills', slot, threads: new ThreadTable(threads), timeoutMs });
}

function audit(memory: CrewMemory, main: Slot, deaths: number): Audit {
  const cell = cellOf(memory, main, 10_000);
  cell.write(() => {}); // takes the turn as the next owner
  return cell.read(() => {
    balance(cell);
    let [lost, unacknowledged, turns] = [0, 0, 0];
    for (const position of POSITIONS) {
      const acknowledged = memory.notes[notes.acknowledged(position, 0)]!;
      const taken = cell.word(turnsOf(position));
      turns += taken;
      lost += Math.max(0, acknowledged - taken);
      unacknowledged += Math.max(0, taken - acknowledged);
    }
    const problems = unacknowledged > deaths ? [`${unacknowledged} turns that nobody took`] : [];
    if (turns !== cell.field(0)) problems.push(`${turns} turns made version ${cell.field(0)}`);
    return { lost, unacknowledged, problems };
  });
}
