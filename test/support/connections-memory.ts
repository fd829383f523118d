/** What an idle WebSocket takes of the service's memory, and whether that stays so while clients come and go. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startServiceUnderTest } from './service.ts';
import { SocketClient } from './socket-client.ts';

const OPENED_AT_ONCE = 50;
/** Of each thread: small enough that garbage is collected often, and that what is never given back would end a thread. */
const HEAP_MIB = 96;

export interface MemoryRun {
  /** Resident bytes for each idle WebSocket more. */
  readonly bytesPerSocket: number;
  /** Resident MiB after each round of a soak in which all leave and as many come. */
  readonly soakMib: readonly number[];
}

export async function runMemory(strategy: string, sockets: number, rounds: number): Promise<MemoryRun> {
  await using service = await startServiceUnderTest({
    STRATEGIES: strategy,
    THREADS: '2',
    NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}`,
  });
  const base = `${service.url}/v1/${strategy}`;
  const open = async (): Promise<SocketClient[]> => {
    const clients: SocketClient[] = [];
    for (let at = 0; at < sockets; at += OPENED_AT_ONCE) {
      const some = Array.from({ length: Math.min(OPENED_AT_ONCE, sockets - at) }, () =>
        SocketClient.open(base, { room: 'idle' }),
      );
      clients.push(...(await Promise.all(some)));
    }
    return clients;
  };
  await leaveAll(await open()); // so that code and buffers are there
  const emptyBytes = await residentBytes(service.pid);
  let clients = await open();
  const fullBytes = await residentBytes(service.pid);
  const soakMib: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await leaveAll(clients);
    clients = await open();
    soakMib.push(Math.round((await residentBytes(service.pid)) / 2 ** 20));
  }
  await leaveAll(clients);
  return { bytesPerSocket: Math.round((fullBytes - emptyBytes) / sockets), soakMib };
}

async function leaveAll(clients: readonly SocketClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.leave()));
}

async function residentBytes(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout) * 1024;
}
