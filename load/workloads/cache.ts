/** Proof of the cache: the origin was asked no more often than the promise allows. */
import { z } from 'zod';
import { burst, jsonOf, request } from './requests.ts';
import { outcomesOf, proofOf } from './tallies.ts';
import type { Proof, Seen, Target } from './workload.ts';

const stats = z.object({ originLoads: z.int(), evictions: z.int(), expired: z.int() });

/**
 * Readers that meet on a cold key after the load, which spreads its own too thin: without them a service in which every
 * reader loads for itself would pass. Several keys, each of which may be loaded once.
 */
const BURST = 64;
const COLD_KEYS = ['doc-9901', 'doc-9902', 'doc-9903', 'doc-9904'];

/** Documents are the origin's own where it starts with some; elsewhere they are put there. */
export async function fillDocuments(target: Target): Promise<void> {
  const first = await request(target, '/cache/doc-0');
  await first.arrayBuffer();
  if (first.status !== 404) return;
  const names = [...Array.from({ length: target.keys }, (_, index) => `doc-${index}`), ...COLD_KEYS];
  for (let from = 0; from < names.length; from += BURST) {
    await Promise.all(names.slice(from, from + BURST).map((name) => put(target, name)));
  }
  for (const name of COLD_KEYS) await (await request(target, `/cache/${name}`, { method: 'DELETE' })).arrayBuffer();
}

async function put(target: Target, name: string): Promise<void> {
  const body = JSON.stringify({ value: { text: `document ${name}` } });
  const headers = { 'content-type': 'application/json' };
  await (await request(target, `/cache/${name}`, { method: 'PUT', headers, body })).arrayBuffer();
}

/**
 * Reads of many keys. A key is loaded once, and again after it was evicted, expired or invalidated; a load that a write or
 * an invalidation voids (twice per write, once per invalidation) is made again.
 */
export async function proveReads(target: Target, { tallies }: Seen): Promise<Proof> {
  const before = stats.parse(await jsonOf(target, '/cache'));
  const [writes, deletions] = [outcomesOf(tallies, 'cache_writes'), outcomesOf(tallies, 'cache_deletions')];
  const allowed = target.keys + 3 * writes.attempted + 2 * deletions.attempted + before.evictions + before.expired;
  const inBurst = await coldLoads(target, before.originLoads);
  return loadsProof(tallies, [
    { what: 'the load', loads: before.originLoads, allowed },
    {
      what: `${BURST} readers at once of each of ${COLD_KEYS.length} cold keys`,
      loads: inBurst,
      allowed: COLD_KEYS.length,
    },
  ]);
}

/** Reads of one key that lives for CACHE_TTL_MS: two loads of it are at least that far apart. */
export async function proveStampede(target: Target, { tallies, elapsedMs }: Seen): Promise<Proof> {
  const { originLoads } = stats.parse(await jsonOf(target, '/cache'));
  const ttlMs = Number(target.environment['CACHE_TTL_MS']);
  return loadsProof(tallies, [
    {
      what: `${Math.round(elapsedMs / 1000)} s of a document that lives ${ttlMs} ms`,
      loads: originLoads,
      allowed: 1 + Math.floor(elapsedMs / ttlMs),
    },
  ]);
}

async function coldLoads(target: Target, before: number): Promise<number> {
  await Promise.all(
    COLD_KEYS.map(async (key) => {
      const answers = await burst(BURST, () => request(target, `/cache/${key}`));
      await Promise.all(answers.map((answer) => answer.arrayBuffer()));
    }),
  );
  return stats.parse(await jsonOf(target, '/cache')).originLoads - before;
}

export interface Loads {
  readonly what: string;
  readonly loads: number;
  readonly allowed: number;
}

/** Holds when no part asked the origin more often than allowed. */
export function loadsProof(tallies: Seen['tallies'], parts: readonly Loads[]): Proof {
  const broken = parts.reduce((total, { loads, allowed }) => total + Math.max(0, loads - allowed), 0);
  const counted = parts.map(
    ({ what, loads, allowed }) =>
      `${loads.toLocaleString('en-US')} origin loads for ${what}, at most ${allowed.toLocaleString('en-US')} expected`,
  );
  return proofOf(tallies, broken, counted.join('; '));
}
