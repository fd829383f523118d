/** What the agent and the comparison say to each other: checked at both ends, since two machines may have two versions. */
import { z } from 'zod';
import { MAX_THREADS } from '../command-line.ts';
import { registry } from '../registry.ts';

/** Raised with every change that an older side would not understand. */
export const PROTOCOL = 1;

/** What a comparison may set for a service; nothing else that a service reads is open to who has the token. */
export const SETTINGS = [
  'WRITE_THROUGH',
  'HOLD_US',
  'ORIGIN_LATENCY_MS',
  'ORIGIN_JITTER_MS',
  'ORIGIN_SEED',
  'ORIGIN_DOCUMENTS',
  'CACHE_TTL_MS',
  'CONNECTION_TTL_MS',
  'SHARDS',
  'RENDER',
] as const;

const strategyNames = registry.map(({ strategy }) => strategy);

export const sessionRequest = z.strictObject({
  protocol: z.literal(PROTOCOL, { error: `must be ${PROTOCOL}; both machines need the same version of the project` }),
  origin: z.enum(['embedded', 'redis']),
});

export const serviceRequest = z.strictObject({
  strategy: z.enum(strategyNames),
  threads: z.int().min(1).max(MAX_THREADS),
  environment: z.partialRecord(z.enum(SETTINGS), z.string().regex(/^[a-z0-9.]{1,16}$/u)),
});

export const moments = z.strictObject({ fromUnixMs: z.coerce.number(), toUnixMs: z.coerce.number() });

const figure = z.number().optional();

export const sessionAnswer = z.object({
  id: z.string(),
  unixMs: z.number(),
  origin: z.string(),
  machine: z.object({
    cpu: z.string(),
    cores: z.number(),
    memoryGb: z.number(),
    platform: z.string(),
    node: z.string(),
  }),
});
export const serviceAnswer = z.object({ port: z.int() });
export const useAnswer = z.object({
  serviceCpuMs: figure,
  foreignCores: figure,
  stealShare: figure,
  busyShare: figure,
});
export const clockAnswer = z.object({ unixMs: z.number() });
export const problem = z.object({ status: z.int(), code: z.string(), detail: z.string() });
