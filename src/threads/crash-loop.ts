import { isExhaustion } from './exhaustion.ts';

/** A thread that dies this soon after its start counts towards a crash loop. */
const SHORT_LIFE_MS = 5_000;
const MAX_SHORT_LIVES = 5;
const FIRST_BACKOFF_MS = 50;
/** After a start that the system had no resources for: as often as it takes. */
const EXHAUSTED_BACKOFF_MS = 1_000;

/** Decides how soon a dead thread is replaced, and when to give up: each short life doubles the pause. */
export class CrashLoop {
  readonly name: string;
  #shortLives = 0;

  constructor(name: string) {
    this.name = name;
  }

  /**
   * @param livedMs how long the thread lived, in milliseconds
   * @param error what it died of, if that is known
   * @returns the pause before the next start in milliseconds; undefined after too many short lives in a row
   */
  died(livedMs: number, error?: unknown): number | undefined {
    if (isExhaustion(error)) return EXHAUSTED_BACKOFF_MS;
    this.#shortLives = livedMs < SHORT_LIFE_MS ? this.#shortLives + 1 : 0;
    if (this.#shortLives > MAX_SHORT_LIVES) return undefined;
    return this.#shortLives === 0 ? 0 : FIRST_BACKOFF_MS * 2 ** (this.#shortLives - 1);
  }

  /** Why it gave up. */
  get verdict(): string {
    return `${this.name} died ${this.#shortLives} times in a row, each time within ${SHORT_LIFE_MS} ms of its start`;
  }
}
