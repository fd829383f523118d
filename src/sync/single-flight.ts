/**
 * One load per key, for whoever wants it on any thread at the same time.
 *
 * Guarantee: those who want a key while it is loaded wait for that load and get what it brings. The load belongs to
 * nobody: a caller that times out, or leaves, ends its own wait only. When the loader's thread dies, exactly one of the
 * threads that wait loads again. From `void(key)` on, a load that is on its way is not stored and not joined; who had
 * joined it before still gets its answer, and whoever comes after begins a new one.
 * Cost: two uncontended locks per load; per other thread that waits a wake-up and a copy of the value. Waiters of one
 * thread share one. When too many flights are on their way, a caller loads alone: uncollapsed and not to be stored.
 *
 * How a cache must use it, where `section` is whatever guards its entries (a lock, or a writer's turn):
 * - `load` looks in the cache first, since another flight may have landed between the caller's miss and this one;
 *   then it asks the origin; then, inside one `section`, it stores the value unless `ticket.isVoid`.
 * - A write calls `void(key)` before it writes to the origin, and again once the origin has it and before the `section`
 *   that puts the new value into the cache. A deletion calls it once, before the `section` that takes the entry out.
 *
 * Ordering: say a load looked at its ticket before a write's second `void`. Then its section came before the write's
 * section, which comes after that `void`, and so the new value replaces what it stored. If it looked after, it stored
 * nothing. A flight that is joined after that `void` began after it, when the origin had the new value already.
 * So nothing older is stored, or returned to a read that began, after the write was acknowledged; and who gets the
 * answer of a voided flight joined it before that, hence began to read before.
 * That is all that a flight promises. That no read goes back behind what another one saw before the write was acknowledged
 * is for the cache to see to, by versions: see `ReadThrough`.
 * `isVoid` is one load of a word that `void` stores under the flights' lock; no other lock is needed for this.
 *
 * @see golang.org/x/sync/singleflight (Do, Forget)
 */
import { DeadlineError, MisuseError, OverloadedError } from '../errors.ts';
import { fromWire, toWire, type WireError } from '../wire-error.ts';
import { Deadlines } from './deadlines.ts';
import type { Doorbell } from './doorbell.ts';
import { FAILED, FOUND, type Landed, LOST, MISSING } from './flight-layout.ts';
import { FlightTable, type FlightTableOptions } from './flight-table.ts';
import { ThreadTable } from './thread-table.ts';
import type { WaitOptions } from './wait.ts';
import { WaitQueue } from './wait-queue.ts';

/** Between two attempts to land while the flights' lock cannot be had. */
const RETRY_MS = 50;

/** What a load is allowed to do with what it brings. */
export interface Ticket {
  /** Whether it must not be stored. Looked at inside the section that stores. */
  readonly isVoid: boolean;
}

export interface SingleFlightOptions extends FlightTableOptions {
  readonly doorbell: Doorbell;
  /** Longest wait in milliseconds, unless a call allows less. */
  readonly timeoutMs: number;
  /** Callers of this thread that wait, beyond which `get` refuses. */
  readonly maxWaiting: number;
  /**
   * Brings the value of a key, undefined when there is none; stores it, if the ticket allows. Runs on its own account,
   * so it must end by itself; what it throws is told to all who wait.
   */
  readonly load: (key: string, ticket: Ticket) => Promise<Uint8Array<ArrayBuffer> | undefined>;
}

export interface Flown {
  /** What the load brought; undefined when the origin has none. Shared by those who waited on the same thread. */
  readonly value: Uint8Array<ArrayBuffer> | undefined;
  /** Whether the caller waited for a load that another one began. */
  readonly collapsed: boolean;
}

/** How a flight ends for those who wait; `again` when it landed but what it brought was lost. */
type Landing = { readonly value: Uint8Array<ArrayBuffer> | undefined } | { readonly error: unknown } | 'again';

/** Those of this thread who wait for one flight. */
interface Party {
  readonly key: string;
  readonly queue: WaitQueue<Landing>;
  /** −1 for a load that is no flight. */
  readonly record: number;
  /** Set while this thread loads. */
  token: number | undefined;
}

export class SingleFlight {
  readonly #options: SingleFlightOptions;
  readonly #table: FlightTable;
  /** By record number, which stays a flight's own until this thread has seen it landed. */
  readonly #parties = new Map<number, Party>();
  readonly #deadlines = new Deadlines();
  #waiting = 0;

  /** Locks besides the arena's. */
  static readonly locks = 1;

  static bytes(capacity: number): number {
    return FlightTable.bytes(capacity);
  }

  /** @throws {MisuseError} the thread is not in the thread table, so that its loads would count as lost */
  constructor(options: SingleFlightOptions) {
    const { slot, name } = options.lock.options;
    if (options.threads.livingAt(ThreadTable.positionOf(slot)) !== slot) {
      throw new MisuseError(`"${name}": slot ${slot} is not in the thread table, so its loads would count as lost`);
    }
    this.#options = options;
    this.#table = new FlightTable(options);
    this.#table.attach();
    options.doorbell.onRing(() => this.#onRing());
  }

  /** Flights of all threads. */
  get count(): number {
    return this.#table.count;
  }

  /** Callers of this thread that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * What a load of `key` brings: one that is on its way, or a new one.
   *
   * @throws {DeadlineError} it did not land in time, and goes on; {OverloadedError} too many wait on this thread already
   * @throws {LockTimeoutError} {PoisonedError} the flights' lock could not be had; nothing was begun
   * @throws the signal's reason, when it aborts first; or what the load threw
   */
  async get(key: string, options?: WaitOptions): Promise<Flown> {
    const { timeoutMs, maxWaiting } = this.#options;
    if (this.#waiting >= maxWaiting) {
      throw new OverloadedError(`${maxWaiting} callers wait for loads on this thread already`);
    }
    const limitMs = Math.min(timeoutMs, options?.remainingMs ?? Infinity);
    const deadlineMs = performance.now() + limitMs;
    this.#waiting += 1;
    try {
      for (;;) {
        options?.signal?.throwIfAborted();
        const { party, begun } = this.#join(key);
        const leftMs = Math.max(0, deadlineMs - performance.now());
        const landing = party.queue.wait(options, leftMs, () => new DeadlineError(Math.round(limitMs)));
        if (begun !== undefined) void this.#load(party, begun);
        const landed = await landing;
        if (landed === 'again') continue;
        if ('error' in landed) throw landed.error;
        return { value: landed.value, collapsed: begun === undefined };
      }
    } finally {
      this.#waiting -= 1;
    }
  }

  /** From now on the load of `key` that is on its way is not stored and not joined. @returns whether there was one */
  void(key: string): boolean {
    return this.#table.void(key);
  }

  /** The same for all keys. */
  voidAll(): void {
    this.#table.voidAll();
  }

  /** @returns what is wrong with the table: nothing, unless it has a defect */
  verify(): string[] {
    return this.#table.verify();
  }

  /** @returns whom to wait with, and the ticket if this thread must load */
  #join(key: string): { party: Party; begun: Ticket | undefined } {
    const joined = this.#table.join(key);
    if (joined === undefined) return { party: this.#party(key, -1), begun: { isVoid: true } };
    const { record, token } = joined;
    let party = this.#parties.get(record);
    if (party === undefined) this.#parties.set(record, (party = this.#party(key, record)));
    return { party, begun: token === undefined ? undefined : this.#ticket(party, token) };
  }

  #party(key: string, record: number): Party {
    const { doorbell } = this.#options;
    const queue = new WaitQueue<Landing>({
      onFirst: () => doorbell.waitBegan(),
      onEmpty: () => doorbell.waitEnded(),
      deadlines: this.#deadlines,
    });
    return { key, record, token: undefined, queue };
  }

  #ticket(party: Party, token: number): Ticket {
    const table = this.#table;
    party.token = token;
    return {
      get isVoid() {
        return table.isVoid(party.record, token);
      },
    };
  }

  async #load(party: Party, ticket: Ticket): Promise<void> {
    try {
      this.#land(party, { value: await this.#options.load(party.key, ticket) });
    } catch (error) {
      this.#land(party, { error });
    }
  }

  #land(party: Party, landing: Exclude<Landing, 'again'>): void {
    try {
      if (party.token !== undefined) this.#table.land(party.record, party.token, packed(landing));
    } catch {
      // Who waits here waits on, as who waits elsewhere does: were they told now, the next to come would join for ever.
      setTimeout(() => this.#land(party, landing), RETRY_MS);
      return;
    }
    this.#settle(party, landing);
  }

  #onRing(): void {
    for (const party of this.#parties.values()) {
      if (party.token === undefined && this.#table.calls(party.record)) this.#attend(party);
    }
  }

  #attend(party: Party): void {
    try {
      const seen = this.#table.attend(party.record, party.queue.size > 0);
      if (seen === 'waiting') return;
      if (seen === 'left') this.#parties.delete(party.record);
      else if ('phase' in seen) this.#settle(party, unpacked(seen));
      else if (seen.token !== undefined) void this.#load(party, this.#ticket(party, seen.token));
    } catch (error) {
      party.queue.rejectAll(error); // the flights' lock cannot be had; this thread leaves at a later ring
    }
  }

  #settle({ record, queue }: Party, landing: Landing): void {
    this.#parties.delete(record);
    if (landing !== 'again' && 'error' in landing) queue.rejectAll(landing.error);
    else queue.resolveAll(landing);
  }
}

function packed(landing: Exclude<Landing, 'again'>): Landed {
  if ('error' in landing) return { phase: FAILED, payload: Buffer.from(wireText(landing.error)) };
  return { phase: landing.value === undefined ? MISSING : FOUND, payload: landing.value };
}

/** The error as text; without its fields where they cannot be written as JSON. */
function wireText(error: unknown): string {
  const wire = toWire(error);
  try {
    return JSON.stringify(wire);
  } catch {
    return JSON.stringify({ ...wire, fields: {} });
  }
}

function unpacked({ phase, payload }: Landed): Landing {
  if (phase === LOST) return 'again';
  if (phase !== FAILED) return { value: payload };
  return { error: fromWire(JSON.parse(Buffer.from(payload!).toString('utf8')) as WireError) };
}
