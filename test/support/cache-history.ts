/**
 * What clients asked of a cache, when, and what they were told; and which of their reads got an older document than one
 * that had been acknowledged before they began.
 */
import { seededRandom } from '../../src/random.ts';
import type { Call } from '../../src/resources/call.ts';
import type { Cache } from '../../src/resources/cache.ts';

export interface CacheLoad {
  readonly keys: number;
  readonly operations: number;
  /** Clients of the thread, each of which does one thing after another. */
  readonly clients: number;
  readonly ttlMs: number;
  readonly seed: number;
}

export interface CacheOperation {
  readonly kind: 'read' | 'write' | 'forget';
  readonly key: string;
  /** What was written, or read; undefined for a document that is not there. */
  readonly value: string | undefined;
  /** On the clock that all threads of a process share. */
  readonly calledAtMs: number;
  readonly answeredAtMs: number;
  readonly status: string | undefined;
}

/** Asks as many clients would at once, and writes down what came of it. Values are unique: thread, client, count. */
export async function recordHistory(
  cache: Cache,
  load: CacheLoad,
  thread: number,
  call: Call,
): Promise<CacheOperation[]> {
  const history: CacheOperation[] = [];

  const client = async (number: number): Promise<void> => {
    const random = seededRandom(load.seed + 1000 * thread + number);
    for (let count = 0; count < load.operations; count++) {
      const key = `doc-${Math.floor(random() * load.keys)}`;
      const drawn = random();
      const kind = drawn < 0.7 ? 'read' : drawn < 0.9 ? 'write' : 'forget';
      let value: string | undefined;
      let status: string | undefined;
      const calledAtMs = nowMs();
      if (kind === 'read') {
        const read = await cache.read(key, call);
        value = read.document && valueIn(read.document.body);
        status = read.status;
      } else if (kind === 'write') {
        value = `"${thread}.${number}.${count}"`;
        await cache.write(key, value, load.ttlMs, call);
      } else await cache.forget(key, call);
      history.push({ kind, key, value, status, calledAtMs, answeredAtMs: nowMs() });
    }
  };

  await Promise.all(Array.from({ length: load.clients }, (_, number) => client(number)));
  return history;
}

/**
 * @param versions of each value that was written, in the order in which the origin stored them
 * @returns one line for each read that got something older than what had been acknowledged before it began
 */
export function staleReads(history: readonly CacheOperation[], versions: ReadonlyMap<string, number>): string[] {
  const versionOf = ({ value }: CacheOperation): number => versions.get(value!) ?? 0; // 0: one it started with
  const found: string[] = [];
  for (const read of history) {
    if (read.kind !== 'read') continue;
    const before = history.filter(
      ({ kind, key, answeredAtMs }) => kind === 'write' && key === read.key && answeredAtMs < read.calledAtMs,
    );
    const atLeast = Math.max(0, ...before.map(versionOf));
    if (versionOf(read) < atLeast) {
      found.push(`${read.key}: a ${read.status} gave version ${versionOf(read)}, ${atLeast} was acknowledged before`);
    }
  }
  return found;
}

function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function valueIn(body: Uint8Array): string {
  return JSON.stringify((JSON.parse(Buffer.from(body).toString('utf8')) as { value: unknown }).value);
}
