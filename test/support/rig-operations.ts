/** What a rig's threads can be asked to do, as data, and the resources as a test sees them through it. */
import type { Call } from '../../src/resources/call.ts';
import type { CacheRead, CacheStats } from '../../src/resources/cache.ts';
import type { ConfigDocument, ExpectedVersion } from '../../src/resources/config.ts';
import type { Connections } from '../../src/resources/connections.ts';
import type { CounterPage } from '../../src/resources/counters.ts';
import type { CacheLoad } from './cache-history.ts';

/** One operation, as data: it is run on another thread. */
export type Operation =
  | CountersOperation
  | CacheOperation
  | ConnectionsOperation
  | ConfigOperation
  /** Nothing: when it comes back, the thread has begun what it was sent before. */
  | { readonly ping: true };

type CountersOperation =
  | { readonly increment: string; readonly by: number }
  | { readonly compareAndSet: string; readonly expected: number; readonly value: number }
  | { readonly read: string }
  | { readonly delete: string }
  | { readonly list: { readonly limit: number; readonly cursor: number } };

type CacheOperation =
  | { readonly readDocument: string; readonly withinMs: number }
  | { readonly writeDocument: string; readonly value: string; readonly ttlMs: number }
  | { readonly deleteDocument: string }
  | { readonly forgetDocument: string }
  | { readonly clearCache: true }
  | { readonly cacheStats: true }
  | { readonly recordCache: CacheLoad };

interface ConnectionsOperation {
  readonly connections: keyof Connections;
  readonly args: readonly unknown[];
}

type ConfigOperation =
  | { readonly readConfig: true }
  | { readonly replaceConfig: string; readonly expected: ExpectedVersion };

/** Runs an operation many times on one thread, at most `concurrency` at once. @returns all results, in order of start */
export type Work = Operation & { readonly times: number; readonly concurrency?: number };

export type AsyncCounters = {
  increment(key: string, by?: number): Promise<number>;
  compareAndSet(key: string, expected: number, value: number): Promise<number>;
  read(key: string): Promise<number | undefined>;
  delete(key: string): Promise<boolean>;
  list(limit?: number, cursor?: number): Promise<CounterPage>;
};

/** What a read of a document found, as it travels between threads. */
export interface SeenDocument extends Omit<CacheRead, 'document'> {
  /** The body; undefined when there is no document. */
  readonly text: string | undefined;
  readonly etag: string | undefined;
  readonly keptForMs: number | undefined;
  readonly ageMs: number | undefined;
}

export interface AsyncCache {
  read(key: string, withinMs?: number): Promise<SeenDocument>;
  write(key: string, value: string, ttlMs?: number): Promise<void>;
  delete(key: string): Promise<boolean>;
  forget(key: string): Promise<void>;
  clear(): Promise<void>;
  stats(): Promise<CacheStats>;
}

type WithoutCall<Args extends unknown[]> = Args extends [...infer Rest, Call] ? Rest : never;

export type AsyncConnections = {
  readonly [Name in keyof Connections]: (
    ...args: WithoutCall<Parameters<Connections[Name]>>
  ) => Promise<Awaited<ReturnType<Connections[Name]>>>;
};

export interface AsyncConfig {
  read(): Promise<ConfigDocument>;
  replace(values: string, expected: ExpectedVersion): Promise<ConfigDocument>;
}
