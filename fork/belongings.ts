/** What stands in shared files for one resource or one strategy, by the names that it goes by there. */
import type { ResourceName } from '../src/strategies/strategy.ts';

type Names = Readonly<Record<string, readonly string[]>>;

/** What every resource has under its own name. */
const registries: ReadonlySet<string> = new Set([
  'src/strategies/strategy.ts',
  'src/app.ts',
  'src/http/openapi/document.ts',
  'src/http/openapi/answers.ts',
  'src/http/routes/admin.ts',
  'test/support/rig-worker.ts',
  'test/support/broken-strategy.ts',
  'test/support/openapi-samples.ts',
]);

/** By file. Whatever only these use goes with them, so it needs no mention here. */
const more: Readonly<Record<ResourceName, Names>> = {
  counters: {
    'src/threads/limit-writes.ts': ['counters'],
    'src/threads/stored-cells.ts': ['counters'],
    'test/http/hostile-resources.test.ts': ['counters/sentinel/increment', 'counters?limit=1000'],
    'test/support/hostile/resources.ts': ['counters', 'counter', 'action'],
    'test/support/openapi-samples.ts': ['metFault'],
    'test/support/rig.ts': ['on'],
    'test/support/rig-operations.ts': ['CountersOperation'],
  },
  cache: {
    'src/app.ts': ['CacheRouteOptions'],
    'src/metrics/state-families.ts': ['cacheFamilies'],
    'src/threads/http-thread.ts': ['cacheTtlMs', 'renderer'],
    'test/http/admission.test.ts': ['cache'],
    'test/http/hostile-resources.test.ts': ['cache/sentinel'],
    'test/support/hostile/resources.ts': ['cache', 'document'],
    'test/support/hostile-requests.ts': ['hostileToCache'],
    'test/support/rig.ts': ['cacheOn'],
    'test/support/rig-operations.ts': ['CacheOperation'],
    'test/support/rig-worker.ts': ['readDocument'],
  },
  connections: {
    'src/threads/limit-writes.ts': ['connections'],
    'src/threads/stored-cells.ts': ['connections'],
    'src/app.ts': ['RoomsRouteOptions'],
    'src/http/server.ts': ['webSockets', 'asksForWebSocket', 'socketsClosed', 'closeWebSockets'],
    'src/metrics/state-families.ts': ['connectionFamilies'],
    'src/threads/http-thread.ts': [
      'allRooms',
      'openRooms',
      'closeWebSockets',
      'sweeper',
      'connectionTtlMs',
      'allowedOrigins',
    ],
    'test/http/admission.test.ts': ['connections'],
    'test/http/hostile-resources.test.ts': ['connections/sentinel', 'connections?limit=1000', 'rooms'],
    'test/support/hostile/resources.ts': [
      'connections',
      'connection',
      'heartbeat',
      'rooms',
      'messages',
      'websockets',
      'hostileHandshakes',
    ],
    'test/support/hostile-requests.ts': ['hostileToConnections'],
    'test/support/rig.ts': ['connectionsOn'],
    'test/support/rig-operations.ts': ['ConnectionsOperation'],
    'test/support/rig-worker.ts': ['askConnections'],
  },
  config: {
    'src/threads/limit-writes.ts': ['config'],
    'src/threads/stored-cells.ts': ['config'],
    'test/http/admission.test.ts': ['config'],
    'test/http/hostile-resources.test.ts': ['config'],
    'test/support/hostile/resources.ts': ['config', 'hostileToConfig'],
    'test/support/rig.ts': ['configOn'],
    'test/support/rig-operations.ts': ['ConfigOperation'],
  },
};

/** The names that go from a file with these resources. */
export function namesIn(path: string, resources: readonly ResourceName[]): string[] {
  return resources.flatMap((resource) => [
    ...(registries.has(path) ? [resource] : []),
    ...(more[resource][path] ?? []),
  ]);
}

/** What tests have for a primitive, for where it is not used. */
export const ofPrimitives: Readonly<Record<string, Names>> = {
  'src/sync/async-mutex.ts': {
    'test/support/local-threads.ts': ['asyncMutex'],
    'test/support/sync-modules.ts': ['asyncMutex', 'async-mutex'],
    'test/support/patched-source.ts': ['knowing'],
    'test/sync/scenarios/index.ts': ['asyncMutex'],
  },
};

/** How tests speak of a resource. */
export const spokenOf: Readonly<Record<ResourceName, RegExp>> = {
  counters: /\bcounters\b|\bincrement|\.on\(\d/i,
  cache: /cache(?!-control)|\bdoc-\d|render/i,
  connections:
    /[/'"`]connections[/'"`?]|connections`|cells\.connections|connectionsOn|\/rooms|room[:=]|\/ws\b|WebSocket/,
  config: /(?<!git)\/config\b|cells\.config|'config'|configOn/,
};

/** How tests speak of what a strategy that serves on one thread cannot do. */
export const spokenOfThreads = /THREADS: '(?!1')|\bthreads: [2-9]|\.THREADS\b|\bsharing\b/;

/** How tests speak of a primitive that one strategy needs. */
export const spokenOfPrimitives: Readonly<Record<string, RegExp>> = {
  'src/sync/async-mutex.ts': /\basync-?mutex\b/i,
  'src/sync/shared-table.ts': /\bSharedTable\b/,
};

/** Tests of what does not know resources by name, and names some all the same. */
export const speaksOfNone = /^test\/(?:(?:sync|origin|metrics|render)\/|settings\.)/;
