/** What a million counters keep in memory: measured in a process of its own, whose memory nothing else touches. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { LOCK_WORDS } from '../../src/sync/lock-line.ts';
import { SharedTable } from '../../src/sync/shared-table.ts';
import type { Sizes } from './job.ts';
import { keyText } from './keys.ts';

const MIB = 2 ** 20;
const SEED = [0x1234567, 0x89abcde] as const;

export interface TableMemory {
  /** By how much the process grew. */
  readonly residentMib: number;
  /** What the table reserves; pages that nobody has written to are not in memory. */
  readonly reservedMib: number;
}

/** @throws {Error} the process failed */
export async function measureTableMemory(sizes: Sizes, signal: AbortSignal): Promise<TableMemory> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), JSON.stringify(sizes)], {
    signal,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (code !== 0) throw new Error(`the table's process ended with code ${code}`);
  return JSON.parse(output) as TableMemory;
}

function fill(sizes: Sizes): TableMemory {
  const before = process.memoryUsage.rss();
  const data = new SharedArrayBuffer(SharedTable.bytes(sizes.counters));
  const lock = {
    locks: new Int32Array(new SharedArrayBuffer(LOCK_WORDS * 4)),
    line: 0,
    options: { name: 'bench/pool', slot: 1, timeoutMs: 1_000 },
  };
  const table = new SharedTable({ data, capacity: sizes.counters, shards: 1, seed: SEED, lock });
  for (let key = 0; key < sizes.counters; key++) {
    if (table.insert(keyText(key, sizes), (payload) => table.setNumber(payload, 0, key)) === -1)
      throw new Error('full');
  }
  globalThis.gc?.();
  return { residentMib: (process.memoryUsage.rss() - before) / MIB, reservedMib: data.byteLength / MIB };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.stdout.write(JSON.stringify(fill(JSON.parse(process.argv[2]!) as Sizes)));
}
