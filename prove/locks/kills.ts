/**
 * Kills threads while they hold locks, at points of their change that a seed picks and at moments that nobody picks,
 * replaces each as the supervisor does, and says what became of what was acknowledged.
 */
import { type Random, seededRandom } from '../../src/random.ts';
import { LOCK_WORDS, ownerOf, POISONED, DIED, REPAIRS } from '../../src/sync/lock-line.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { Crew, type Death } from '../../test/support/crew.ts';
import { contentsOf, openTable } from '../../test/support/tables.ts';
import { REAL_MODULES } from '../../test/support/sync-modules.ts';
import { SOAK_JOBS, type SoakParams } from './soak-jobs.ts';
import * as notes from './soak-notes.ts';
import { type SoakKind, soakBytes, soakShape, soakWaits } from './soak-shape.ts';
import { quantile } from './quantile.ts';

export interface KillPlan {
  readonly kind: SoakKind;
  readonly threads: number;
  /** Deaths of a thread that holds a lock. */
  readonly kills: number;
  readonly seed: number;
  readonly hangMs?: number;
  readonly onProgress?: (heldDeaths: number) => void;
}

export interface KillResult {
  readonly kind: SoakKind;
  readonly threads: number;
  readonly deaths: number;
  /** Deaths of threads that held a lock, and the locks that they held. */
  readonly heldDeaths: number;
  readonly heldLocks: number;
  readonly repairs: number;
  /** Threads that died while they repaired what another had left; what they left was repaired by the next. */
  readonly diedRepairing: number;
  readonly told: number;
  readonly changes: number;
  readonly hangs: number;
  readonly lost: number;
  /** Changes that took effect although their thread died before it could say so. */
  readonly unacknowledged: number;
  readonly torn: number;
  readonly problems: readonly string[];
  /** Of callers that waited while a thread died, from the kill to the repair. */
  readonly waits: { readonly count: number; readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
}

const DEFAULT_HANG_MS = 10_000;
const CHANGE_US = 200;
const LONGEST_DELAY_MS = 3;
/** Position from which main looks at the table in the end. */
const MAIN_POSITION = 63;

class Killer {
  readonly #plan: KillPlan;
  readonly #random: Random;
  readonly #crew: Crew;
  readonly #params: SoakParams;
  readonly #jobs = new Map<number, Promise<unknown>>();
  #deaths = 0;
  #heldDeaths = 0;
  #heldLocks = 0;
  #diedRepairing = 0;
  #hangs = 0;
  readonly #problems: string[] = [];

  constructor(plan: KillPlan) {
    const { kind, seed, hangMs = DEFAULT_HANG_MS } = plan;
    this.#plan = plan;
    this.#random = seededRandom(seed);
    const locks = soakShape(kind).shards + 1;
    this.#crew = new Crew({ locks, dataBytes: soakBytes(kind), notes: notes.NOTE_WORDS });
    this.#params = { kind, seed, changeUs: CHANGE_US, hangMs };
  }

  async run(): Promise<KillResult> {
    await using crew = this.#crew;
    const { threads, kills, onProgress } = this.#plan;
    const { notes: words } = crew.memory;
    const positions = Array.from({ length: threads }, (_, position) => position);
    await Promise.all(positions.map((position) => this.#start(position)));
    while (this.#heldDeaths < kills && this.#hangs === 0) {
      await this.#killOne(Math.trunc(this.#random() * threads));
      onProgress?.(this.#heldDeaths);
    }
    Atomics.store(words, notes.STOP, 1);
    await Promise.all(this.#jobs.values());
    return this.#result();
  }

  async #start(position: number): Promise<void> {
    await this.#crew.start(position);
    const job = this.#crew.order(position, SOAK_JOBS, 'soak', this.#params);
    this.#jobs.set(
      position,
      job.catch((error: unknown) => {
        if (!String(error).includes('ended during')) this.#problems.push(String(error));
      }),
    );
  }

  async #killOne(position: number): Promise<void> {
    const { notes: words } = this.#crew.memory;
    const takeovers = Atomics.load(words, notes.TAKEOVERS);
    const picked = this.#random() < 0.6 ? await this.#pickPoint(position) : await this.#pickMoment(position);
    Atomics.add(words, notes.DEATHS, 1);
    const death = await this.#crew.kill(picked);
    this.#note(death);
    if (death.held > 0) await this.#takeover(takeovers);
    Atomics.add(words, notes.DEATHS, 1);
    await this.#start(picked);
  }

  /** Has the thread at `position` stay at a point of its change. @returns once it stays there */
  async #pickPoint(position: number): Promise<number> {
    const { notes: words } = this.#crew.memory;
    const points = this.#plan.kind === 'AsyncMutex' ? notes.POINTS : notes.Point.awaiting;
    Atomics.store(words, notes.STAYING, 0);
    Atomics.store(words, notes.POINT, Math.trunc(this.#random() * points));
    Atomics.store(words, notes.VICTIM, this.#crew.slotAt(position));
    const staying = Atomics.waitAsync(words, notes.STAYING, 0, this.#params.hangMs);
    if ((await staying.value) === 'timed-out') this.#hang(`the thread at ${position} never came to its point`);
    return position;
  }

  /** Lets a random time pass. @returns whoever owns a lock then, else the one at `position` */
  async #pickMoment(position: number): Promise<number> {
    const { locks } = this.#crew.memory;
    await new Promise((resolve) => setTimeout(resolve, this.#random() * LONGEST_DELAY_MS));
    const line = LOCK_WORDS * Math.trunc((this.#random() * locks.length) / LOCK_WORDS);
    const owner = ownerOf(Atomics.load(locks, line));
    return owner === 0 ? position : ThreadTable.positionOf(owner);
  }

  #note({ position, held }: Death): void {
    const { notes: words } = this.#crew.memory;
    this.#deaths += 1;
    this.#heldLocks += held;
    if (held > 0) this.#heldDeaths += 1;
    if (Atomics.exchange(words, notes.repairing(position), 0) === 1) this.#diedRepairing += 1;
  }

  /** Waits until the next owner has repaired what the dead thread left. */
  async #takeover(before: number): Promise<void> {
    const { notes: words } = this.#crew.memory;
    const next = Atomics.waitAsync(words, notes.TAKEOVERS, before, this.#params.hangMs);
    if ((await next.value) === 'timed-out' && this.#isAnyDied()) this.#hang('nobody took over from a dead owner');
  }

  #isAnyDied(): boolean {
    const { locks } = this.#crew.memory;
    return this.#lines().some((line) => (Atomics.load(locks, line) & DIED) !== 0);
  }

  #hang(what: string): void {
    this.#hangs += 1;
    this.#problems.push(what);
  }

  #lines(): number[] {
    const { locks } = this.#crew.memory;
    return Array.from({ length: locks.length / LOCK_WORDS }, (_, lock) => lock * LOCK_WORDS);
  }

  #result(): KillResult {
    const { kind, threads } = this.#plan;
    const { notes: words, locks, data } = this.#crew.memory;
    const slot = ThreadTable.slot(MAIN_POSITION, 0);
    this.#crew.threads.enter(slot);
    const opened = openTable(this.#crew.memory, soakShape(kind), slot, REAL_MODULES);
    const contents = new Map(contentsOf(opened)); // repairs, as the next owner does
    this.#problems.push(...opened.table.verify());
    for (const line of this.#lines()) {
      const state = Atomics.load(locks, line);
      if (ownerOf(state) !== 0 || (state & (DIED | POISONED)) !== 0)
        this.#problems.push(`lock ${line} is left in state ${state}`);
    }
    let lost = Atomics.load(words, notes.WRONG);
    let unacknowledged = 0;
    for (let key = 0; key < notes.KEYS; key++) {
      let acknowledged = 0;
      for (let position = 0; position < threads; position++) acknowledged += words[notes.acknowledged(position, key)]!;
      const value = contents.get(`key-${key}`) ?? 0;
      lost += Math.max(0, acknowledged - value);
      unacknowledged += Math.max(0, value - acknowledged);
    }
    if (unacknowledged > this.#deaths) this.#problems.push(`${unacknowledged} changes that nobody made`);
    const repairs = this.#lines().reduce((sum, line) => sum + Atomics.load(locks, line + REPAIRS), 0);
    const counted = Atomics.load(words, notes.WAITS);
    const waits = soakWaits(data, kind).subarray(0, counted).toSorted();
    return {
      kind,
      threads,
      deaths: this.#deaths,
      heldDeaths: this.#heldDeaths,
      heldLocks: this.#heldLocks,
      repairs,
      diedRepairing: this.#diedRepairing,
      told: Atomics.load(words, notes.TOLD),
      changes: Atomics.load(words, notes.CHANGES),
      hangs: this.#hangs + Atomics.load(words, notes.TIMEOUTS),
      lost,
      unacknowledged,
      torn: Atomics.load(words, notes.TORN),
      problems: this.#problems,
      waits: {
        count: counted,
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
