/** What bodies of answers look like. Requests are in `../schemas.ts`. */
import { z } from 'zod';
import type { ErrorCode } from '../../errors.ts';
import { problems } from '../problems.ts';

const exactInteger = z.int();
const count = z.int().min(0);
const cursor = z.string().optional().meta({ description: 'Send it to get the next page; missing after the last one.' });

export const health = z.object({ status: z.literal('ok') });
export const readiness = z.object({ status: z.literal('ready') });

export const catalogue = z.object({
  strategies: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(['strategy', 'baseline', 'floor', 'control']),
      summary: z.string(),
      resources: z.array(z.string()),
    }),
  ),
});

export const counter = z.object({ key: z.string(), value: exactInteger }).meta({ id: 'Counter' });
export const counterPage = z.object({ counters: z.array(counter), total: count, cursor });

export const cachedDocument = z.object({ key: z.string(), value: z.unknown() }).meta({ id: 'Document' });
export const cacheStats = z.object({
  entries: count,
  capacityBytes: count,
  bytes: count,
  hits: count,
  misses: count,
  collapsed: count.meta({ description: 'Of the misses, those that waited for the load of another.' }),
  evictions: count,
  expired: count,
  originLoads: count,
});

const instant = z.string().meta({ format: 'date-time' });

export const connection = z
  .object({
    id: z.string(),
    room: z.string(),
    user: z.string().optional(),
    meta: z.record(z.string(), z.unknown()).optional(),
    epoch: z.int().min(1).meta({ description: 'Greater than that of every earlier registration of this id.' }),
    connectedAt: instant,
    lastSeenAt: instant,
    expiresAt: instant,
  })
  .meta({ id: 'Connection' });
export const connectionPage = z.object({
  room: z.string().optional(),
  connections: z.array(connection),
  total: count,
  cursor,
});
export const roomList = z.object({ rooms: z.array(z.object({ room: z.string(), connections: z.int().min(1) })) });
export const delivery = z.object({ delivered: count });

export const configDocument = z
  .object({ version: z.int().min(1), values: z.record(z.string(), z.unknown()) })
  .meta({ id: 'Config' });

const recovered = z
  .object({ locks: count, unpoisoned: count, awaitingRepair: count, repairs: count })
  .optional()
  .meta({ description: 'Of a resource that this strategy has.' });
export const recovery = z.object({
  strategy: z.string(),
  counters: recovered,
  cache: recovered,
  connections: recovered,
  config: recovered,
});
export const fault = z.object({ kind: z.string(), times: z.int(), delayMs: z.int() });

export const problemDocument = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(Object.keys(problems) as [ErrorCode, ...ErrorCode[]]),
    requestId: z.string(),
    outcome: z
      .enum(['not-applied', 'unknown'])
      .optional()
      .meta({ description: 'Of a write: whether it may have taken effect.' }),
    errors: z
      .array(z.object({ field: z.string(), detail: z.string() }))
      .optional()
      .meta({ description: 'BAD_REQUEST: each field that is wrong.' }),
    value: exactInteger.optional().meta({ description: 'CONFLICT: the value that was met.' }),
    version: exactInteger.optional().meta({ description: 'PRECONDITION_FAILED: the current version.' }),
    missing: z.array(z.string()).optional().meta({ description: 'NOT_READY: what is missing.' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. `code` is stable; `detail` is for people.' });
