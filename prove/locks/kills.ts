/**
 * Kills threads while they hold something, at steps of their change that a seed picks and at moments that nobody
 * picks, replaces each as the supervisor does, and says what became of what was acknowledged.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Random, seededRandom } from '../../src/random.ts';
import { DIED, LOCK_WORDS, ownerOf, POISONED, REPAIRS } from '../../src/sync/lock-line.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { Crew } from '../../test/support/crew.ts';
import { type Audit, type KillKind, type KillParams, waitsOf, withWaits } from './kind.ts';
import * as notes from './kill-notes.ts';
import { quantile } from './quantile.ts';

export interface KillPlan {
  readonly kind: KillKind;
  /** Deaths of a thread that holds something. */
  readonly kills: number;
  readonly seed: number;
  readonly hangMs?: number;
  readonly onProgress?: (heldDeaths: number) => void;
}

export interface KillResult extends Audit {
  readonly deaths: number;
  /** Deaths of threads that held something, the locks that they held, and what they held besides. */
  readonly heldDeaths: number;
  readonly heldLocks: number;
  readonly heldBesides: number;
  /** Locks that a next owner repaired. */
  readonly repairs: number;
  readonly told: number;
  readonly changes: number;
  readonly hangs: number;
  readonly torn: number;
  /** Of callers that waited while a thread died. */
  readonly waits: { readonly count: number; readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
}

const DEFAULT_HANG_MS = 10_000;
const LONGEST_DELAY_MS = 3;
/** Position from which main looks at what is left in the end. */
const MAIN_POSITION = 63;

class Killer {
  readonly #plan: KillPlan;
  readonly #random: Random;
  readonly #crew: Crew;
  readonly #words: Int32Array;
  readonly #hangMs: number;
  readonly #jobs = new Map<number, Promise<unknown>>();
  #deaths = 0;
  #heldDeaths = 0;
  #heldLocks = 0;
  #heldBesides = 0;
  #hangs = 0;
  readonly #problems: string[] = [];

  constructor(plan: KillPlan) {
    const { kind, seed, hangMs = DEFAULT_HANG_MS } = plan;
    this.#plan = plan;
    this.#random = seededRandom(seed);
    this.#hangMs = hangMs;
    this.#crew = new Crew({
      locks: kind.locks,
      dataBytes: withWaits(kind.dataBytes),
      notes: notes.NOTE_WORDS,
      holds: (slot) => kind.holds?.(this.#crew.memory, slot) ?? 0,
    });
    this.#words = this.#crew.memory.notes;
  }

  async run(): Promise<KillResult> {
    await using _crew = this.#crew;
    const { kills, kind, onProgress } = this.#plan;
    for (let position = 0; position < kind.threads; position++) await this.#start(position);
    while (this.#heldDeaths < kills && this.#hangs + this.#problems.length === 0) {
      await this.#killOne();
      onProgress?.(this.#heldDeaths);
    }
    Atomics.store(this.#words, notes.STOP, 1);
    Atomics.notify(this.#words, notes.STOP);
    await Promise.all(this.#jobs.values());
    return this.#result();
  }

  async #start(position: number): Promise<void> {
    const { kind, seed } = this.#plan;
    await this.#crew.start(position);
    const begun = Atomics.load(this.#words, notes.BEGUN);
    const params: KillParams = { kind: kind.name, seed, hangMs: this.#hangMs };
    const job = this.#crew.order(position, kind.jobs, kind.jobAt(position), params);
    this.#jobs.set(
      position,
      job.catch((error: unknown) => {
        if (!String(error).includes('ended during')) this.#problems.push(String(error));
      }),
    );
    await Atomics.waitAsync(this.#words, notes.BEGUN, begun, this.#hangMs).value;
    await kind.onStarted?.(this.#crew, position);
  }

  async #killOne(): Promise<void> {
    const { victims } = this.#plan.kind;
    const position = this.#pick(victims);
    const picked = this.#random() < 0.6 ? await this.#pickPoint(position) : await this.#pickMoment(position);
    // Now and then another one too, which may be the one that the first one's death wakes.
    const other = this.#random() < 0.1 ? this.#pick(victims) : picked;
    const doomed = [...new Set([picked, other])];
    Atomics.add(this.#words, notes.DEATHS, 1);
    const deaths = await Promise.all(doomed.map((one) => this.#crew.kill(one)));
    Atomics.add(this.#words, notes.DEATHS, 1);
    for (const { held, heldBesides } of deaths) {
      this.#deaths += 1;
      this.#heldLocks += held;
      this.#heldBesides += heldBesides;
      if (held + heldBesides > 0) this.#heldDeaths += 1;
    }
    if (this.#plan.kind.isRestless !== true) {
      await this.#takeover();
      Atomics.store(this.#words, notes.REST, 1);
    }
    await Promise.all(doomed.map((one) => this.#start(one)));
    Atomics.store(this.#words, notes.REST, 0);
    Atomics.notify(this.#words, notes.REST);
    await this.#takeover();
  }

  #pick(positions: readonly number[]): number {
    return positions[Math.trunc(this.#random() * positions.length)]!;
  }

  /** Has the thread at `position` stay at a point of its change. @returns once it stays there */
  async #pickPoint(position: number): Promise<number> {
    const { points, steps } = this.#plan.kind;
    const isNamed = points > 0 && this.#random() < 0.5;
    const point = Math.trunc(this.#random() * (isNamed ? points : steps)) + (isNamed ? 0 : notes.FIRST_STEP);
    Atomics.store(this.#words, notes.STAYING, 0);
    Atomics.store(this.#words, notes.POINT, point);
    Atomics.store(this.#words, notes.VICTIM, this.#crew.slotAt(position));
    const staying = Atomics.waitAsync(this.#words, notes.STAYING, 0, this.#hangMs);
    if ((await staying.value) === 'timed-out') this.#hang(`the thread at ${position} never came to point ${point}`);
    return position;
  }

  /** Lets a random time pass. @returns whoever owns a lock then and may be killed, else the one at `position` */
  async #pickMoment(position: number): Promise<number> {
    await delay(this.#random() * LONGEST_DELAY_MS);
    const owner = ownerOf(Atomics.load(this.#crew.memory.locks, this.#pick(this.#lines)));
    const owning = ThreadTable.positionOf(owner);
    return this.#plan.kind.victims.includes(owning) ? owning : position;
  }

  /** Waits until others have repaired and taken over all that the dead left. */
  async #takeover(): Promise<void> {
    const untilMs = performance.now() + this.#hangMs;
    while (!this.#isTakenOver()) {
      if (performance.now() > untilMs) return this.#hang('nobody took over from the dead');
      await delay(1);
    }
  }

  #isTakenOver(): boolean {
    const { locks } = this.#crew.memory;
    const isDied = this.#lines.some((line) => (Atomics.load(locks, line) & DIED) !== 0);
    if (isDied || this.#repairs < this.#heldLocks) return false;
    return this.#plan.kind.isTakenOver?.(this.#crew.memory, this.#crew.threads) ?? true;
  }

  #hang(what: string): void {
    this.#hangs += 1;
    this.#problems.push(what);
  }

  get #lines(): number[] {
    return Array.from({ length: this.#plan.kind.locks }, (_, lock) => lock * LOCK_WORDS);
  }

  get #repairs(): number {
    const { locks } = this.#crew.memory;
    return this.#lines.reduce((sum, line) => sum + Atomics.load(locks, line + REPAIRS), 0);
  }

  #result(): KillResult {
    const { memory, threads } = this.#crew;
    const words = this.#words;
    const repairs = this.#repairs;
    const main = ThreadTable.slot(MAIN_POSITION, 0);
    threads.enter(main);
    const audit = this.#plan.kind.audit(memory, main, this.#deaths);
    for (const line of this.#lines) {
      const state = Atomics.load(memory.locks, line);
      if (ownerOf(state) !== 0 || (state & (DIED | POISONED)) !== 0)
        this.#problems.push(`lock ${line / LOCK_WORDS} is left in state ${state}`);
    }
    const waits = waitsOf(memory.data).subarray(0, words[notes.WAITS]).toSorted();
    return {
      deaths: this.#deaths,
      heldDeaths: this.#heldDeaths,
      heldLocks: this.#heldLocks,
      heldBesides: this.#heldBesides,
      repairs,
      told: words[notes.TOLD]!,
      changes: words[notes.CHANGES]!,
      hangs: this.#hangs + words[notes.TIMEOUTS]!,
      lost: audit.lost + words[notes.WRONG]!,
      unacknowledged: audit.unacknowledged,
      torn: words[notes.TORN]!,
      problems: [...this.#problems, ...audit.problems],
      waits: {
        count: waits.length,
        p50Ms: quantile(waits, 0.5),
        p99Ms: quantile(waits, 0.99),
        maxMs: quantile(waits, 1),
      },
    };
  }
}

/** Kills so many holders of one kind of lock. */
export function killHolders(plan: KillPlan): Promise<KillResult> {
  return new Killer(plan).run();
}
