/** A thread of the rig: attaches to the strategy and runs the operations that it is sent. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Call } from '../../src/resources/call.ts';
import type { Cache, CacheRead } from '../../src/resources/cache.ts';
import type { Config } from '../../src/resources/config.ts';
import type { Connections } from '../../src/resources/connections.ts';
import type { Counters } from '../../src/resources/counters.ts';
import { strategies } from '../../src/strategies/index.ts';
import { attachAll, type OwnerPorts } from '../../src/threads/attach.ts';
import { toWire } from '../../src/wire-error.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { brokenStrategy } from './broken-strategy.ts';
import { recordHistory } from './cache-history.ts';
import type { RigData, RigReply } from './rig.ts';
import type { Operation, SeenDocument, Work } from './rig-operations.ts';

const data = workerData as RigData;
const port = parentPort!;
const strategy = [...strategies, brokenStrategy].find(({ name }) => name === data.strategy)!;
const attached = await attachAll(data, [strategy]);
const { served } = attached;
const counters = served[0]!.resources.counters as Counters;
const cache = served[0]!.resources.cache as Cache;
const connections = served[0]!.resources.connections as Connections;
const config = served[0]!.resources.config as Config;

const call: Call = { remainingMs: 30_000, signal: new AbortController().signal, timing: undefined };

function apply(operation: Operation): unknown {
  if ('increment' in operation) return counters.increment(operation.increment, operation.by, call);
  if ('compareAndSet' in operation) {
    return counters.compareAndSet(operation.compareAndSet, operation.expected, operation.value, call);
  }
  if ('read' in operation) return counters.read(operation.read, call);
  if ('delete' in operation) return counters.delete(operation.delete, call);
  if ('list' in operation) return counters.list(operation.list, call);
  if ('readDocument' in operation) return readDocument(operation.readDocument, operation.withinMs);
  if ('writeDocument' in operation) {
    return cache.write(operation.writeDocument, operation.value, operation.ttlMs, call);
  }
  if ('deleteDocument' in operation) return cache.delete(operation.deleteDocument, call);
  if ('forgetDocument' in operation) return cache.forget(operation.forgetDocument, call);
  if ('clearCache' in operation) return cache.clear(call);
  if ('cacheStats' in operation) return cache.stats(call);
  if ('recordCache' in operation) {
    return recordHistory(cache, operation.recordCache, ThreadTable.positionOf(data.slot), call);
  }
  if ('connections' in operation) return askConnections(operation.connections, operation.args);
  if ('readConfig' in operation) return config.read(call);
  if ('replaceConfig' in operation) return config.replace(operation.replaceConfig, operation.expected, call);
  return undefined; // a ping
}

function askConnections(name: keyof Connections, args: readonly unknown[]): unknown {
  const method = connections[name] as (...given: unknown[]) => unknown;
  return method(...args, call);
}

async function readDocument(key: string, withinMs: number): Promise<SeenDocument> {
  const { document, ...how }: CacheRead = await cache.read(key, { ...call, remainingMs: withinMs });
  if (document === undefined)
    return { ...how, text: undefined, etag: undefined, keptForMs: undefined, ageMs: undefined };
  const { body, etag, ageMs, freshForMs } = document;
  return { ...how, text: Buffer.from(body).toString('utf8'), etag, ageMs, keptForMs: ageMs + freshForMs };
}

async function work({ times, concurrency = 1, ...operation }: Work): Promise<unknown[]> {
  const results: unknown[] = Array.from({ length: times });
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < times) {
      const at = next++;
      results[at] = await apply(operation);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return results;
}

port.on('message', (message: { id: number; work: Work } | { ownerPorts: OwnerPorts }) => {
  if ('ownerPorts' in message) return attached.reconnect(message.ownerPorts);
  const { id, work: wanted } = message;
  work(wanted).then(
    (results) => port.postMessage({ id, results } satisfies RigReply),
    (error: unknown) => port.postMessage({ id, error: toWire(error) } satisfies RigReply),
  );
});
port.postMessage('attached');
