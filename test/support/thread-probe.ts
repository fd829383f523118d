/**
 * Preloaded into a service (`NODE_OPTIONS=--import=…`): when asked, each thread collects its garbage and says what it
 * still has. Main asks the others and answers on a socket of the file system. To a request that asks which thread it
 * has reached, the answer says so.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BroadcastChannel, isMainThread, workerData } from 'node:worker_threads';
import { LOCK_WORDS, ownerOf, POISONED, WAITING } from '../../src/sync/lock-line.ts';
import { LINE_WORDS, PINS } from '../../src/sync/snapshot-layout.ts';
import { MAX_THREADS, ThreadTable } from '../../src/sync/thread-table.ts';
import type { Attachment } from '../../src/threads/context.ts';
import type { ServiceMemory } from '../../src/threads/memory.ts';

/** What a thread has after a collection. */
export interface ThreadSample {
  /** `main`, or the thread's position. */
  readonly thread: string;
  /** Changes when another thread comes to live there. */
  readonly slot: number;
  readonly heapBytes: number;
  /** Memory of buffers and of C++ objects that belong to the heap's. */
  readonly externalBytes: number;
  /** What keeps the event loop alive, by kind. */
  readonly handles: Readonly<Record<string, number>>;
}

/** What is held and waited for in shared memory. */
export interface Waits {
  readonly locksHeld: number;
  readonly locksPoisoned: number;
  /** Bits of threads that wait for a lock. */
  readonly lockWaiters: number;
  /** Messages in mailboxes. */
  readonly letters: number;
  /** Versions of snapshots that are read. */
  readonly pins: number;
}

export interface ServiceSample {
  readonly residentBytes: number;
  readonly waits: Waits;
  readonly threads: readonly ThreadSample[];
}

/** Asks a request's own thread to say which it is. */
export const ASK_THREAD = 'x-which-thread';

const { PROBE_SOCKET: path, PROBE_THREADS: expected } = process.env;
const CHANNEL = 'thread-probe';
const COLLECTIONS = 4;
const ANSWER_MS = 20_000;

if (path !== undefined && isMainThread) serve(path, Number(expected));
else if (path !== undefined && (workerData as Attachment | null)?.slot !== undefined) answer(workerData as Attachment);

/** The settings with which a service can be probed. @param threads how many there are besides main */
export function withProbe(socket: string, threads: number): Readonly<Record<string, string>> {
  return {
    NODE_OPTIONS: `--expose-gc --import=${import.meta.url}`,
    PROBE_SOCKET: socket,
    PROBE_THREADS: String(threads),
  };
}

/** Asks a service that was started `withProbe`. @throws {Error} a thread does not answer */
export async function probe(socket: string): Promise<ServiceSample> {
  const connection = connect(socket);
  connection.setTimeout(ANSWER_MS, () => connection.destroy(new Error('some thread did not answer')));
  return JSON.parse(await text(connection)) as ServiceSample;
}

async function sampleOf(thread: string, slot: number): Promise<ThreadSample> {
  for (let round = 0; round < COLLECTIONS; round++) {
    await globalThis.gc!({ type: 'major', execution: 'async', flavor: 'last-resort' });
    await nextTurn(); // what finalizers let go of is garbage by then
  }
  const { heapUsed, external } = process.memoryUsage();
  const handles: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
  return { thread, slot, heapBytes: heapUsed, externalBytes: external, handles };
}

function waitsIn({ cells }: ServiceMemory): Waits {
  const waits = { locksHeld: 0, locksPoisoned: 0, lockWaiters: 0, letters: 0, pins: 0 };
  for (const [name, { locks, data, mailbox }] of cells) {
    const lines = [locks, ...(mailbox === undefined ? [] : [mailbox.locks])].map((memory) => new Int32Array(memory));
    for (const words of lines) {
      for (let line = 0; line < words.length; line += LOCK_WORDS) {
        const state = Atomics.load(words, line);
        if (ownerOf(state) !== 0) waits.locksHeld += 1;
        if (state & POISONED) waits.locksPoisoned += 1;
        if ((words[line + WAITING]! | words[line + WAITING + 1]!) !== 0) waits.lockWaiters += 1;
      }
    }
    if (mailbox !== undefined) {
      const [, ...taken] = new Int32Array(mailbox.permits).filter((_, at) => at % LINE_WORDS === 0);
      waits.letters += taken.reduce((sum, letters) => sum + letters, 0);
    }
    if (!name.startsWith('snapshot/')) continue;
    const pins = new Int32Array(data, PINS * 4, MAX_THREADS * LINE_WORDS).filter((_, at) => at % LINE_WORDS === 0);
    waits.pins += pins.filter((pin) => pin !== 0).length;
  }
  return waits;
}

function answer({ slot, memory }: Attachment): void {
  const thread = String(ThreadTable.positionOf(slot));
  const channel = new BroadcastChannel(CHANNEL);
  channel.unref();
  channel.addEventListener('message', ({ data }: MessageEvent) => {
    if (data === 'sample') {
      void sampleOf(thread, slot).then((sample) => channel.postMessage({ sample, waits: waitsIn(memory) }));
    }
  });
  subscribe('http.server.request.start', (message) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    if (request.headers[ASK_THREAD] !== undefined) response.setHeader(ASK_THREAD, thread);
  });
}

function serve(socketPath: string, threads: number): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.unref();
  let answers: { readonly sample: ThreadSample; readonly waits: Waits }[] = [];
  let all = Promise.withResolvers<void>();
  channel.addEventListener('message', ({ data }: MessageEvent) => {
    if (data === 'sample') return;
    answers.push(data as (typeof answers)[number]);
    if (answers.length === threads) all.resolve();
  });
  const sample = async (): Promise<ServiceSample> => {
    answers = [];
    all = Promise.withResolvers();
    channel.postMessage('sample');
    await all.promise;
    const main = await sampleOf('main', 0); // last: what the others gave back is counted in the process's memory
    return {
      residentBytes: process.memoryUsage.rss(),
      waits: answers[0]!.waits,
      threads: [main, ...answers.map((one) => one.sample)].sort((a, b) => a.thread.localeCompare(b.thread)),
    };
  };
  const answerOn = async (socket: Socket): Promise<void> => void socket.end(JSON.stringify(await sample()));
  const server = createServer((socket) => void answerOn(socket));
  server.listen(socketPath).unref();
}
