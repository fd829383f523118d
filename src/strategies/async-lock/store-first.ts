/**
 * Store first, change memory after: what holding the guard across the await buys. Nobody sees a value that the origin
 * does not have.
 *
 * Before a write is sent, its key is noted in shared memory as in doubt, and crossed out once memory agrees with the
 * origin. If the answer never comes, or the holder dies, the note stays: the next holder, on whichever thread, asks
 * the origin what it has, and stores that once more under a newer version, so that the lost write cannot arrive late.
 */
import { afterFirstChange, SharedStateError } from '../../errors.ts';
import type { Origin, Written } from '../../origin/origin.ts';
import { timed } from '../../origin/timed.ts';
import { MAX_KEY_BYTES } from '../../sync/key-hash.ts';
import type { Awaitable, WaitOptions } from '../../sync/wait.ts';

const NOTE_BYTES = 64 + MAX_KEY_BYTES;

/** What `StoreFirst` needs of the guarded state. */
export interface StoredState {
  /** Makes memory hold `written`; an undefined value means that the key is deleted. */
  commit(key: string, written: Written): void;
  /** A version newer than every one given before. */
  nextVersion(key: string): number;
}

export class StoreFirst {
  static readonly bytes = NOTE_BYTES;
  readonly #length: Int32Array; // bytes of the key in doubt, 0 when there is none
  readonly #key: Buffer;
  readonly #origin: Origin | undefined;
  readonly #state: StoredState;

  /** @param origin undefined while `WRITE_THROUGH` is off: then memory is all there is */
  constructor(data: SharedArrayBuffer, byteOffset: number, origin: Origin | undefined, state: StoredState) {
    this.#length = new Int32Array(data, byteOffset, 1);
    this.#key = Buffer.from(data, byteOffset + 64, MAX_KEY_BYTES);
    this.#origin = origin;
    this.#state = state;
  }

  /** Clears up what an earlier holder left in doubt. Called with the guard held, before anything is read. */
  settle(call: WaitOptions): Awaitable<void> {
    const byteLength = this.#length[0];
    if (this.#origin !== undefined && byteLength !== 0)
      return this.#askOrigin(this.#key.toString('utf8', 0, byteLength), call);
  }

  async #askOrigin(key: string, call: WaitOptions): Promise<void> {
    try {
      const kept = await timed(call, this.#origin!.load(key, call));
      await this.#store(key, { value: kept?.value, version: this.#state.nextVersion(key) }, call);
    } catch (error) {
      // Whatever became of that: what this caller wants to do has not begun.
      const reason = error instanceof RefusedByOrigin ? error.cause : error;
      throw reason instanceof SharedStateError ? reason.withOutcome('not-applied') : reason;
    }
  }

  /**
   * Stores a drafted write and then commits it. Called with the guard held.
   *
   * @throws {OriginFailedError} nothing changed
   * @throws {OriginTimeoutError} nobody can know; the next holder asks the origin
   */
  commit(key: string, written: Written, call: WaitOptions): Awaitable<void> {
    return this.#origin === undefined ? this.#state.commit(key, written) : this.#storeThenCommit(key, written, call);
  }

  async #storeThenCommit(key: string, written: Written, call: WaitOptions): Promise<void> {
    Atomics.store(this.#length, 0, this.#key.write(key, 'utf8'));
    try {
      await this.#store(key, written, call);
    } catch (error) {
      if (!(error instanceof RefusedByOrigin)) throw error;
      Atomics.store(this.#length, 0, 0);
      throw error.cause;
    }
  }

  async #store(key: string, written: Written, call: WaitOptions): Promise<void> {
    try {
      await timed(call, this.#origin!.store([{ key, value: written.value, version: written.version }], call));
    } catch (error) {
      const refused = error instanceof SharedStateError && error.outcome === 'not-applied';
      throw refused ? new RefusedByOrigin('refused', { cause: error }) : error;
    }
    try {
      this.#state.commit(key, written);
    } catch (error) {
      // It is stored, and the note stays: the next holder makes memory agree.
      throw afterFirstChange(error);
    }
    Atomics.store(this.#length, 0, 0);
  }
}

/** Nothing was stored, for certain; its cause says why. */
class RefusedByOrigin extends Error {}
