/**
 * The rooms of one strategy as one thread sees them: its own WebSockets, and a channel to the other threads for theirs.
 *
 * Guarantee: what one sender sends reaches each member at most once, in the order sent, on whichever thread it is; a
 * member that is there from before the message until after it, and reads fast enough, gets it.
 * Cost: every message goes to every thread once, whether the room has members there or not.
 *
 * Who is a member is decided by the open sockets, not by the connection map: a message looks at no lock.
 */
import { BroadcastChannel } from 'node:worker_threads';
import { unhurried } from '../resources/call.ts';
import type { Connections, Former } from '../resources/connections.ts';
import { type Slot, ThreadTable } from '../sync/thread-table.ts';
import type { ThreadContext } from '../strategies/strategy.ts';
import { type Member, RoomMembers } from './room-members.ts';

/** How long a thread may take to say how many members it handed a message to. */
const COUNT_TIMEOUT_MS = 500;

/** A member's id is registered anew, by someone else. */
export const REPLACED = 4409;

export interface RoomsOptions {
  /** The same for the threads of a service and its strategy, and for nobody else. */
  readonly channel: string;
  readonly thread: ThreadContext;
  /** HTTP threads; they have the first positions. */
  readonly threads: number;
  readonly connections: Connections;
}

/** What threads tell each other. `to` and `from` are positions. */
type Note =
  | { readonly room: string; readonly frame: string; readonly count?: { readonly id: number; readonly from: number } }
  | { readonly to: number; readonly counted: number; readonly id: number; readonly from: number }
  | { readonly to: number; readonly closeFormer: string };

interface Count {
  delivered: number;
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
  readonly #counts = new Map<number, Count>();
  #lastCount = 0;
  #closed = false;

  constructor(options: RoomsOptions) {
    this.#options = options;
    this.slot = options.thread.slot;
    this.#position = ThreadTable.positionOf(this.slot);
    this.#channel = new BroadcastChannel(options.channel);
    this.#channel.addEventListener('message', ({ data }: MessageEvent) => this.#onNote(data as Note));
    this.#channel.unref();
  }

  /** Sends a message to a room, on all threads. */
  send(room: string, frame: string): void {
    this.members.deliver(room, frame);
    this.#post({ room, frame });
  }

  /** The same. @returns how many members it was handed to; a thread that does not say so in time counts 0 */
  async sendCounted(room: string, frame: string): Promise<number> {
    const delivered = this.members.deliver(room, frame);
    const awaited = this.#others();
    if (awaited.size === 0) return delivered;
    const { promise, resolve } = Promise.withResolvers<void>();
    const count: Count = { delivered, awaited, done: resolve };
    const id = ++this.#lastCount;
    this.#counts.set(id, count);
    this.#post({ room, frame, count: { id, from: this.#position } });
    const timer = setTimeout(resolve, COUNT_TIMEOUT_MS);
    await promise;
    clearTimeout(timer);
    this.#counts.delete(id);
    return count.delivered;
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
      const counted = this.members.deliver(note.room, note.frame);
      if (note.count === undefined) return;
      this.#post({ to: note.count.from, counted, id: note.count.id, from: this.#position });
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
