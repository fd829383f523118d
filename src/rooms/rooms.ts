/**
 * The rooms of one strategy as one thread sees them: its own WebSockets, and a channel to the other threads for theirs.
 *
 * Guarantee: what one sender sends reaches each member at most once, in the order sent, on whichever thread it is; a
 * member that is there from before the message until after it, and reads fast enough, gets it.
 * Messages are handed out in slices (`FanOut`), and a few of each thread at a time (`OutgoingQueue`), so that no turn
 * of an event loop is long, however many there are and however many they are for.
 * Cost: every message goes to every thread once, whether the room has members there or not, and each answers it.
 *
 * Who is a member is decided by the open sockets, not by the connection map: a message looks at no lock.
 */
import { BroadcastChannel } from 'node:worker_threads';
import { unhurried } from '../resources/call.ts';
import type { Connections, Former } from '../resources/connections.ts';
import { type Slot, ThreadTable } from '../sync/thread-table.ts';
import type { ThreadContext } from '../strategies/strategy.ts';
import type { WaitOptions } from '../sync/wait.ts';
import { FanOut } from './fan-out.ts';
import { OutgoingQueue } from './outgoing.ts';
import { type Member, RoomMembers } from './room-members.ts';

/** How long a thread may take to say how many members it handed a message to: what it takes for rooms of thousands. */
const COUNT_TIMEOUT_MS = 2_000;
/** Messages of other threads that this one may have to hand out. Their windows are far below, unless this one stood still. */
const MAX_DELIVERIES = 2_048;

/** A member's id is registered anew, by someone else. */
export const REPLACED = 4409;

export interface RoomsOptions {
  /** The same for the threads of a service and its strategy, and for nobody else. */
  readonly channel: string;
  readonly thread: ThreadContext;
  /** HTTP threads; they have the first positions. */
  readonly threads: number;
  readonly connections: Connections;
  /** The thread's, which may have several rooms. */
  readonly fanOut?: FanOut;
}

/** What threads tell each other. `to` and `from` are positions. */
type Note =
  | { readonly room: string; readonly frame: string; readonly id: number; readonly from: number }
  | { readonly to: number; readonly counted: number; readonly id: number; readonly from: number }
  | { readonly to: number; readonly closeFormer: string };

interface Count {
  delivered: number;
  /** Positions that have not answered; the calling thread's among them. */
  readonly awaited: Set<number>;
  readonly done: () => void;
}

export class Rooms implements Disposable {
  readonly members = new RoomMembers();
  readonly #options: RoomsOptions;
  /** The calling thread's, which goes into the registrations of its WebSockets. */
  readonly slot: Slot;
  readonly #position: number;
  readonly #channel: BroadcastChannel;
  readonly #fanOut: FanOut;
  readonly #outgoing = new OutgoingQueue();
  readonly #counts = new Map<number, Count>();
  #lastCount = 0;
  #closed = false;

  constructor(options: RoomsOptions) {
    this.#options = options;
    this.#fanOut = options.fanOut ?? new FanOut();
    this.slot = options.thread.slot;
    this.#position = ThreadTable.positionOf(this.slot);
    this.#channel = new BroadcastChannel(options.channel);
    this.#channel.addEventListener('message', ({ data }: MessageEvent) => this.#onNote(data as Note));
    this.#channel.unref();
  }

  /**
   * Sends a message to a room, on all threads.
   *
   * @param sender with whose messages it keeps its order; senders take turns
   * @returns when to send the next one, if not at once: so much waits already
   * @throws {OverloadedError} too much waits; it was sent to nobody
   */
  send(room: string, frame: string, sender?: Member): Promise<void> | undefined {
    return this.#outgoing.add({ begin: (done) => this.#begin(room, frame, done) }, sender);
  }

  /**
   * The same. @returns how many members it was handed to; a thread that does not say so in time counts 0
   *
   * @throws {OverloadedError} too much waits; it was sent to nobody
   * @throws the reason of the signal, which aborted before its turn came; it was sent to nobody
   */
  async sendCounted(room: string, frame: string, { signal }: WaitOptions = {}): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const begin = (done: () => void): void => {
      if (signal?.aborted !== true) {
        return this.#begin(room, frame, (delivered) => {
          resolve(delivered);
          done();
        });
      }
      reject(signal.reason);
      setImmediate(done); // not at once: as many may follow as wait
    };
    void this.#outgoing.add({ begin });
    return promise;
  }

  /** A registration is no more: if it was a WebSocket's, that closes, on whichever thread it is. */
  closeFormer(id: string, { holder }: Former): void {
    if (holder === undefined) return;
    const to = ThreadTable.positionOf(holder);
    if (to === this.#position) this.#closeFormer(id);
    else this.#post({ to, closeFormer: id });
  }

  /** Ends the channel; the sockets are the server's to close. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#channel.close();
  }

  /** @param done called once with how many were given it */
  #begin(room: string, frame: string, done: (delivered: number) => void): void {
    const id = ++this.#lastCount;
    const awaited = this.#others();
    const isAlone = awaited.size === 0;
    awaited.add(this.#position);
    const timer = isAlone ? undefined : setTimeout(() => finish(), COUNT_TIMEOUT_MS);
    const finish = (): void => {
      clearTimeout(timer);
      if (this.#counts.delete(id)) done(count.delivered);
    };
    const count: Count = { delivered: 0, awaited, done: finish };
    this.#counts.set(id, count);
    if (!isAlone) this.#post({ room, frame, id, from: this.#position });
    this.#deliver(room, frame, (given) => this.#onCounted(id, this.#position, given));
  }

  /** Hands a frame to this thread's members of a room, when its turn comes. */
  #deliver(room: string, frame: string, done: (count: number) => void): void {
    this.#fanOut.add({ frame, begin: () => this.members.inRoom(room), done });
  }

  #post(note: Note): void {
    if (this.#options.threads > 1 && !this.#closed) this.#channel.postMessage(note); // a closed channel throws
  }

  /** Positions of the other threads that serve. */
  #others(): Set<number> {
    const { threads, thread } = this.#options;
    const positions = Array.from({ length: threads }, (_, position) => position);
    return new Set(positions.filter((at) => at !== this.#position && thread.threads.isServing(at)));
  }

  #onNote(note: Note): void {
    if ('room' in note) {
      const { room, frame, id, from: to } = note;
      const answer = (counted: number): void => this.#post({ to, counted, id, from: this.#position });
      if (this.#fanOut.length < MAX_DELIVERIES) this.#deliver(room, frame, answer);
      else answer(0);
    } else if (note.to === this.#position) {
      if ('closeFormer' in note) this.#closeFormer(note.closeFormer);
      else this.#onCounted(note.id, note.from, note.counted);
    }
  }

  #onCounted(id: number, from: number, counted: number): void {
    const count = this.#counts.get(id);
    if (count === undefined || !count.awaited.delete(from)) return;
    count.delivered += counted;
    if (count.awaited.size === 0) count.done();
  }

  /** Closes the sockets that are not registered as `id` any more. The map decides: notes may come late. */
  #closeFormer(id: string): void {
    for (const member of this.members.withId(id)) void this.heartbeat(member);
  }

  /** Says that a member is alive, and closes it if it is registered no more. */
  async heartbeat(member: Member): Promise<void> {
    try {
      if (await this.#options.connections.heartbeat(member.id, member.epoch, unhurried)) return;
      member.close(REPLACED, 'this id was registered anew, or deleted');
    } catch {
      // The map cannot be asked now: the next heartbeat will.
    }
  }
}
