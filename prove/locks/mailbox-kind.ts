/**
 * A mailbox whose owner dies with messages taken and others waiting: each ask ends with its reply or with the news of
 * the loss, and a successor carries on with the records as the actor's does.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { OwnerLostError } from '../../src/errors.ts';
import { LOCK_WORDS } from '../../src/sync/lock-line.ts';
import { Outbox } from '../../src/sync/mailbox-outbox.ts';
import { type Letter, Receiver } from '../../src/sync/mailbox-receiver.ts';
import { Permits } from '../../src/sync/permits.ts';
import { SharedTable } from '../../src/sync/shared-table.ts';
import { type Slot, ThreadTable } from '../../src/sync/thread-table.ts';
import type { Crew } from '../../test/support/crew.ts';
import type { CrewMemory, Job, Post } from '../../test/support/crew-worker.ts';
import { contentsOf, openTable } from '../../test/support/tables.ts';
import { REAL_MODULES } from '../../test/support/sync-modules.ts';
import type { Audit, KillKind, KillParams } from './kind.ts';
import * as notes from './kill-notes.ts';
import { Mortal } from './mortal.ts';
import { permitsOf } from './permits-kind.ts';

const OWNER = 3;
const SENDERS = [0, 1, 2];
/** Asks under way at a time on each sender; together twice as many as there are permits. */
const LANES = 8;
const SHAPE = { capacity: 40, shards: 1 };
const TABLE_BYTES = Math.ceil(SharedTable.bytes(SHAPE.capacity, SHAPE.shards) / 64) * 64;
const PLACE = { line: 2 * LOCK_WORDS, byteOffset: TABLE_BYTES, capacity: 12 };
/** Word per position and key, behind the acknowledged ones: asks whose outcome nobody knows. */
const toldOf = (position: number, key: number): number => notes.acknowledged(position + 8, key);

/** Made by the job that runs for as long as the thread, used by the one that connects it. */
let receiver: Receiver<number, number> | undefined;
let outbox: Outbox<number, number> | undefined;

class OwnerSide {
  readonly #mortal: Mortal;
  readonly #table: SharedTable;
  readonly #holds: number;

  constructor(post: Post, params: KillParams) {
    this.#mortal = new Mortal(post, params);
    this.#table = openTable(post.memory, SHAPE, post.slot, REAL_MODULES).table;
    this.#table.repair(0); // what a dead predecessor left half-done
    if (this.#table.verify().length > 0) this.#mortal.count(notes.WRONG); // takes the pool's lock, and repairs that
    this.#holds = notes.holds(post.position);
    this.#mortal.note(this.#holds, 0);
    this.#mortal.stayWhile(() => this.#mortal.noted(this.#holds) > 0);
    receiver = new Receiver(permitsOf(post.memory, post.slot, PLACE, params.hangMs));
    void receiver.drain((letter) => this.#take(letter));
  }

  /** Answers half of the letters at once and half of them a turn later, so that some are always open. */
  #take(letter: Letter<number, number>): void {
    this.#mortal.count(this.#holds);
    const answer = (): void => {
      letter.reply(this.#add(letter.message));
      this.#mortal.count(this.#holds, -1);
    };
    if (this.#mortal.random() < 0.5) answer();
    else setImmediate(answer);
  }

  #add(key: number): number {
    const table = this.#table;
    let value = 1;
    const write = (payload: number): void => {
      table.setNumber(payload, 0, value);
      this.#mortal.step();
      table.setNumber(payload, 1, value);
    };
    const record = table.find(`key-${key}`);
    if (record === -1) table.insert(`key-${key}`, write);
    else {
      const payload = table.payloadOf(record);
      value += table.number(payload, 0);
      if (table.number(payload, 1) !== value - 1) this.#mortal.count(notes.TORN);
      table.update(record, write);
    }
    return value;
  }
}

class SenderSide {
  readonly #mortal: Mortal;
  readonly #outbox: Outbox<number, number>;
  readonly #position: number;

  constructor(post: Post, params: KillParams) {
    const { memory, slot, position, doorbell } = post;
    this.#mortal = new Mortal(post, params);
    this.#position = position;
    const permits = permitsOf(memory, slot, PLACE, params.hangMs);
    const options = { name: 'kills', permits, position, doorbell, waitMs: params.hangMs, maxWaiting: 100 };
    this.#outbox = outbox = new Outbox(options);
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: LANES }, () => this.#asks()));
  }

  async #asks(): Promise<void> {
    const seen = new Map<number, number>();
    while (this.#mortal.goesOn()) {
      const key = Math.trunc(this.#mortal.random() * notes.KEYS);
      const { deaths } = this.#mortal;
      const startedMs = performance.now();
      try {
        const value = await this.#outbox.ask(key, { remainingMs: this.#mortal.hangMs });
        this.#mortal.count(notes.acknowledged(this.#position, key));
        if (value <= (seen.get(key) ?? 0)) this.#mortal.count(notes.WRONG); // something acknowledged was undone
        seen.set(key, value);
      } catch (error) {
        const isLost = error instanceof OwnerLostError;
        this.#mortal.count(isLost ? notes.TOLD : notes.TIMEOUTS);
        if (isLost) this.#mortal.count(toldOf(this.#position, key));
      }
      this.#mortal.waited(deaths, performance.now() - startedMs);
      this.#mortal.count(notes.CHANGES);
    }
  }
}

const own: Job<KillParams> = (post, params) => void new OwnerSide(post, params);
const send: Job<KillParams> = (post, params) => new SenderSide(post, params).run();
const receiveFrom: Job<{ port: MessagePort; position: number }> = (_post, { port, position }) =>
  receiver!.connect(port, position);
const sendTo: Job<{ port: MessagePort }> = (_post, { port }) => outbox!.connect(port);

export const jobs = { own, send, receiveFrom, sendTo };

export const mailboxKind: KillKind = {
  name: 'mailbox owner',
  threads: SENDERS.length + 1,
  locks: 3,
  dataBytes: TABLE_BYTES + Permits.bytes,
  jobs: import.meta.url,
  jobAt: (position) => (position === OWNER ? 'own' : 'send'),
  isRestless: true,
  victims: [OWNER],
  points: 0,
  steps: 40,
  besides: 'letters',
  holds: ({ notes: words }, slot) => words[notes.holds(ThreadTable.positionOf(slot))]!,
  onStarted: connect,
  audit,
};

/** The owner comes last, so whoever has just become the owner gets all senders. */
async function connect(crew: Crew, started: number): Promise<void> {
  if (started !== OWNER) return;
  for (const position of SENDERS) {
    const { port1, port2 } = new MessageChannel();
    const toOwner = { port: port1, position };
    await crew.order(OWNER, import.meta.url, 'receiveFrom', toOwner, [port1]);
    await crew.order(position, import.meta.url, 'sendTo', { port: port2 }, [port2]);
  }
}

function audit(memory: CrewMemory, main: Slot): Audit {
  const opened = openTable(memory, SHAPE, main, REAL_MODULES);
  const contents = new Map(contentsOf(opened));
  const problems = opened.table.verify();
  let [lost, unacknowledged] = [0, 0];
  for (let key = 0; key < notes.KEYS; key++) {
    let [acknowledged, told] = [0, 0];
    for (const position of SENDERS) {
      acknowledged += memory.notes[notes.acknowledged(position, key)]!;
      told += memory.notes[toldOf(position, key)]!;
    }
    const value = contents.get(`key-${key}`) ?? 0;
    lost += Math.max(0, acknowledged - value);
    unacknowledged += Math.max(0, value - acknowledged);
    if (value > acknowledged + told)
      problems.push(`key ${key}: ${value}, of which ${acknowledged + told} were asked for`);
  }
  return { lost, unacknowledged, problems };
}
