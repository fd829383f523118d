/**
 * Asks that were sent and wait for their reply, by id.
 *
 * Cost: two stores and a load per ask. A `Map` takes five times as long and makes the garbage collector copy a quarter
 * of all that is allocated: it replaces its table after every few dozen deletions, a replaced table leads to the next,
 * and one that became old keeps all later ones alive, with the asks in them, until the whole heap is collected.
 */
import { fromWire } from '../wire-error.ts';
import { addTiming, type Ask } from './mailbox-ask.ts';
import type { Replies } from './mailbox.ts';

/** A power of two. */
const RECENT = 1_024;

export class PendingAsks<M, R> {
  /** The last ones that were sent, each in the place that the low bits of its id name. */
  readonly #recent: (Ask<M, R> | undefined)[] = Array.from({ length: RECENT }, () => undefined);
  /** Those whose place was needed before their reply came. */
  readonly #late = new Map<number, Ask<M, R>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Ids count up. */
  add(ask: Ask<M, R>): void {
    const place = ask.id & (RECENT - 1);
    const before = this.#recent[place];
    if (before !== undefined) this.#late.set(before.id, before);
    this.#recent[place] = ask;
    this.#size += 1;
  }

  get(id: number): Ask<M, R> | undefined {
    const ask = this.#recent[id & (RECENT - 1)];
    return ask !== undefined && ask.id === id ? ask : this.#late.get(id);
  }

  /** @returns whether it was there */
  delete(id: number): boolean {
    const place = id & (RECENT - 1);
    if (this.#recent[place]?.id === id) this.#recent[place] = undefined;
    else if (!this.#late.delete(id)) return false;
    this.#size -= 1;
    return true;
  }

  /** Ends those that are answered; what nobody waits for any more is passed over. */
  settle([ids, values, errors, timings]: Replies<R>): void {
    for (const [id, timing] of timings ?? []) {
      const ask = this.get(id);
      if (ask !== undefined) addTiming(ask, timing);
    }
    for (const [id, error] of errors ?? []) {
      this.get(id)?.reject(fromWire(error)); // and leaves when its empty value comes
    }
    for (let index = 0; index < ids.length; index++) {
      const ask = this.get(ids[index]!);
      if (ask === undefined) continue;
      this.delete(ask.id);
      ask.resolve(values[index] as R);
    }
  }

  /** All of them. */
  values(): Ask<M, R>[] {
    return [...this.#late.values(), ...this.#recent.filter((ask) => ask !== undefined)];
  }

  clear(): void {
    this.#recent.fill(undefined);
    this.#late.clear();
    this.#size = 0;
  }
}
