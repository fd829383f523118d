/** What the document and the typed client know of one route. The tables in `operations/` are read by both. */
import type { z } from 'zod';
import type { ErrorCode } from '../../errors.ts';

export interface Operation {
  readonly summary: string;
  /** The parameters in the query. */
  readonly query?: z.ZodObject;
  /** Request headers that change what the route does. */
  readonly headers?: z.ZodObject;
  readonly body?: { readonly schema: z.ZodType; readonly required: boolean };
  /** By status. */
  readonly success: Readonly<Record<number, Success>>;
  /** What it may be refused with, besides `refusedAnywhere`. */
  readonly problems: readonly ErrorCode[];
  readonly needsToken?: boolean;
}

export interface Success {
  readonly description: string;
  /** Of a body in JSON; an answer with neither this nor `text` has no body. */
  readonly json?: z.ZodType;
  /** The media type of any other body. */
  readonly text?: string;
  /** Response headers with what they say. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Routes by method and path, as in `GET /rooms`. */
export type Operations = Readonly<Record<`${'GET' | 'PUT' | 'POST' | 'DELETE'} /${string}`, Operation>>;

/** A table of operations: keeps the types of its schemas for the client. */
export function operations<const Table extends Operations>(table: Table): Table {
  return table;
}

/** What any request may meet: refused by the parser, or a defect of the service. */
export const refusedAnywhere = [
  'BAD_REQUEST',
  'REQUEST_TIMEOUT',
  'BODY_TOO_LARGE',
  'URI_TOO_LONG',
  'EXPECTATION_FAILED',
  'HEADERS_TOO_LARGE',
  'INTERNAL',
] as const satisfies readonly ErrorCode[];

/** What any use of the shared state may meet, reading included: locks, mailboxes, and under write-through the origin. */
export const stateProblems = [
  'POISONED',
  'ORIGIN_FAILED',
  'FENCED',
  'DEADLINE',
  'LOCK_TIMEOUT',
  'MAILBOX_FULL',
  'OVERLOADED',
  'SHUTTING_DOWN',
  'ORIGIN_TIMEOUT',
  'OWNER_TIMEOUT',
] as const satisfies readonly ErrorCode[];

/** The same for what changes it. */
export const writeProblems = [...stateProblems, 'OUTCOME_UNKNOWN'] as const satisfies readonly ErrorCode[];
