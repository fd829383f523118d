/**
 * A mutex as most packages have it: `lock` gives a guard away, and the guard lasts until somebody disposes of it.
 * `SyncMutex` has no such method. This one differs from the textbook in one line: it notices when its own thread would
 * wait for itself, because without that a demonstration of the deadlock would be one.
 */
import { LockTimeoutError, MisuseError } from '../../errors.ts';
import { ownedBy } from '../../sync/lock-line.ts';
import type { LabSeat } from '../lab-memory.ts';

/** Longest wait for another thread. */
const TIMEOUT_MS = 10_000;

export class GuardMutex {
  readonly #word: Int32Array;
  readonly #mine: number;

  constructor({ lock, slot }: LabSeat) {
    this.#word = lock;
    this.#mine = ownedBy(slot);
  }

  /**
   * Blocks the thread until it owns the mutex.
   * @throws {MisuseError} this thread owns it already: the guard could only be ended by a thread that sleeps
   * @throws {LockTimeoutError} another thread has not ended its guard in time
   */
  lock(): Disposable {
    for (;;) {
      const owner = Atomics.compareExchange(this.#word, 0, 0, this.#mine);
      if (owner === 0) break;
      if (owner === this.#mine) throw new MisuseError('deadlock: this thread would wait for a guard of its own');
      if (Atomics.wait(this.#word, 0, owner, TIMEOUT_MS) === 'timed-out') throw new LockTimeoutError('lab', TIMEOUT_MS);
    }
    return {
      [Symbol.dispose]: () => {
        Atomics.store(this.#word, 0, 0);
        Atomics.notify(this.#word, 0, 1);
      },
    };
  }
}
