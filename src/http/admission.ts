/**
 * Whether a request is begun at all. A fixed limit bounds what is under way on a thread; below it, a standing queue is
 * told from a burst as CoDel tells them, and what would lengthen it is refused at once.
 *
 * - `Lane`: what is under way of one resource of a strategy. A queue stands when for a whole interval more than a burst
 *   was under way and not even the fastest answer came within twice the time of one that had nothing before it. From
 *   then on as many are admitted as can be answered within that time (Little's law, followed as in Gradient2).
 * - `LoopTurn`: requests that need no waiting but much CPU queue before the event loop, where nobody counts them. An
 *   owner thread judges its mailboxes by one.
 *
 * Cost: a few comparisons per request, and one `setImmediate` per turn of the event loop.
 *
 * @see Nichols, Jacobson, "Controlling Queue Delay" (CoDel); Netflix/concurrency-limits (Gradient2);
 * docs/decisions/0008-overload.md
 */
import { FencedError, OverloadedError } from '../errors.ts';
import { BURST, INTERVAL_MS, LoopTurn } from '../sync/loop-turn.ts';

/** How far one interval may move a limit. */
const STEEPEST = 0.5;
const GENTLEST = 1.1;
/** For so many intervals the lowest limit may fail to make answers quick. */
const PATIENCE = 20;
/** After so long in which nothing had to be refused, the queue is forgotten. */
const CALM_MS = 1_000;
/** Weight of one answer in what an answer takes that had nothing before it. Slower ones weigh more: operations differ. */
const SLOWER_WEIGHT = 0.2;
const QUICKER_WEIGHT = 0.1;

export interface AdmissionOptions {
  /** Requests of a thread that may be under way at a time. */
  readonly limit: number;
  /** A shorter wait is no overload, however quick answers are. 0: only `limit` counts. */
  readonly standingWaitMs: number;
  readonly now?: () => number;
  /** Whether another service process has taken over, so that nothing here is anybody's truth any more. */
  readonly isFenced?: () => boolean;
}

/** @throws {FencedError} another service process has taken over */
export function assertNotFenced(isFenced: (() => boolean) | undefined): void {
  if (isFenced?.() !== true) return;
  throw new FencedError('another service process has taken over this state; this one answers nothing of it any more');
}

/** One thread's. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #turn: LoopTurn;
  #underWay = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#turn = new LoopTurn(options.standingWaitMs, options.now ?? (() => performance.now()));
  }

  /** What is admitted to one resource of one strategy. A request that is answered without waiting is never counted. */
  lane(): Lane {
    return new Lane(this, this.#options.standingWaitMs);
  }

  /** @throws {OverloadedError} {FencedError} the request must not be begun */
  assertOpen(nowMs: number): void {
    const { limit, standingWaitMs, isFenced } = this.#options;
    assertNotFenced(isFenced);
    if (this.#underWay >= limit) {
      throw new OverloadedError(`${limit} requests are under way on this thread already; nothing was begun`);
    }
    if (standingWaitMs > 0 && !this.#turn.admits(nowMs)) {
      throw new OverloadedError('this thread has been behind with its work for a while; nothing was begun');
    }
  }

  count(change: 1 | -1): void {
    this.#underWay += change;
  }
}

export class Lane {
  readonly #admission: Admission;
  readonly #standingWaitMs: number;
  #underWay = 0;
  /** What an answer takes that had nothing before it, in milliseconds. */
  #aloneMs = Number.POSITIVE_INFINITY;
  /** Infinite while no queue stands. */
  #limit = Number.POSITIVE_INFINITY;
  #interval = new Interval(0);
  /** Intervals with the lowest limit that did not help. */
  #inVain = 0;
  /** When the limit last refused a request, or was set. */
  #neededMs = 0;

  constructor(admission: Admission, standingWaitMs: number) {
    this.#admission = admission;
    this.#standingWaitMs = standingWaitMs;
  }

  /** @throws {OverloadedError} the request must not be begun */
  assertOpen(nowMs: number): void {
    this.#admission.assertOpen(nowMs);
    if (this.#underWay + 1 <= this.#limit) return;
    if (nowMs - this.#neededMs > CALM_MS) {
      this.#limit = Number.POSITIVE_INFINITY;
      return;
    }
    this.#neededMs = nowMs;
    this.#interval.refused += 1;
    throw new OverloadedError('too much waits for this resource on this thread already; nothing was begun');
  }

  /** @returns whether it has nothing before it; `end` wants to know */
  begin(): boolean {
    this.#admission.count(1);
    this.#underWay += 1;
    return this.#underWay === 1;
  }

  end(wasAlone: boolean, startedMs: number, nowMs: number): void {
    const elapsedMs = nowMs - startedMs;
    this.#interval.add(elapsedMs, this.#underWay);
    this.#admission.count(-1);
    this.#underWay -= 1;
    // While a queue stands, it may be another thread's that such a request waited in.
    if (wasAlone && this.#limit === Number.POSITIVE_INFINITY) this.#learn(elapsedMs);
    if (this.#standingWaitMs === 0 || nowMs - this.#interval.startedMs < INTERVAL_MS) return;
    this.#judge(this.#interval, nowMs);
    this.#interval = new Interval(nowMs);
  }

  #learn(elapsedMs: number): void {
    const known = Number.isFinite(this.#aloneMs) ? this.#aloneMs : elapsedMs;
    this.#aloneMs = known + (elapsedMs - known) * (elapsedMs > known ? SLOWER_WEIGHT : QUICKER_WEIGHT);
  }

  #judge({ fastestMs, meanMs, fewest, refused }: Interval, nowMs: number): void {
    const allowedMs = this.#aloneMs + Math.max(this.#standingWaitMs, this.#aloneMs);
    if (this.#limit === Number.POSITIVE_INFINITY) {
      if (fewest <= BURST || fastestMs <= allowedMs) return;
      this.#limit = Math.max(1, (fewest * allowedMs) / meanMs);
      this.#neededMs = nowMs;
      return;
    }
    const gradient = Math.min(GENTLEST, Math.max(STEEPEST, allowedMs / meanMs));
    this.#inVain = this.#limit === 1 && gradient < 1 ? this.#inVain + 1 : 0;
    if (refused > 0) this.#limit = Math.max(1, this.#limit * gradient);
    if (this.#inVain < PATIENCE) return;
    this.#aloneMs = fastestMs; // no queue of ours: answers have become slower
    this.#inVain = 0;
  }
}

/** What a lane saw since the last judgement. */
class Interval {
  readonly startedMs: number;
  fastestMs = Number.POSITIVE_INFINITY;
  /** Under way at least. */
  fewest = Number.POSITIVE_INFINITY;
  refused = 0;
  #sumMs = 0;
  #answers = 0;

  constructor(startedMs: number) {
    this.startedMs = startedMs;
  }

  get meanMs(): number {
    return this.#sumMs / this.#answers;
  }

  add(elapsedMs: number, underWay: number): void {
    this.#answers += 1;
    this.#sumMs += elapsedMs;
    if (elapsedMs < this.fastestMs) this.fastestMs = elapsedMs;
    if (underWay < this.fewest) this.fewest = underWay;
  }
}
