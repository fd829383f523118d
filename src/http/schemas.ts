/** What bodies must look like. `meta` is for the OpenAPI document, where a check by hand says nothing of itself. */
import { z } from 'zod';
import { BadRequestError } from '../errors.ts';
import { MAX_META_BYTES } from '../resources/connections.ts';
import { MAX_DOCUMENT_BYTES } from '../resources/cache.ts';
import { faultKinds } from '../threads/faults.ts';
import { MAX_KEY_BYTES } from '../sync/key-hash.ts';
import { named } from './path.ts';

const exact = z
  .number('must be a number')
  .refine(Number.isSafeInteger, 'must be an integer within ±(2^53 − 1)')
  .meta({ override: { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER } })
  .transform((value) => value + 0); // −0 is 0

export const incrementBody = z.strictObject({ by: exact.optional() });
export const compareAndSetBody = z.strictObject({ expected: exact, value: exact });

const MAX_VALUES_BYTES = 32 * 1024;

export const configBody = z.strictObject({
  values: z
    .custom<Readonly<Record<string, unknown>>>(isObject, 'must be an object')
    .refine(
      (values) => isJsonUpTo(MAX_VALUES_BYTES, values),
      `must be at most ${MAX_VALUES_BYTES} bytes of JSON, not too deep`,
    )
    .meta({ override: { type: 'object', description: `At most ${MAX_VALUES_BYTES} bytes of JSON` } }),
});

/** Says in the document what `named` checks. */
export const NO_CONTROLS = /^\P{Cc}+$/u;

const name = (field: string) =>
  z
    .string('must be a string')
    .check(({ value, issues }) => {
      try {
        named(value, field);
      } catch (error) {
        if (!(error instanceof BadRequestError)) throw error;
        issues.push({ code: 'custom', message: error.errors[0]!.detail, input: value });
      }
    })
    .meta({ override: { minLength: 1, maxLength: MAX_KEY_BYTES, pattern: NO_CONTROLS.source } });

export const connectionBody = z.strictObject({
  room: name('room'),
  user: name('user').optional(),
  meta: z
    .custom<Readonly<Record<string, unknown>>>(isObject, 'must be an object')
    .refine((meta) => isJsonUpTo(MAX_META_BYTES, meta), `must be at most ${MAX_META_BYTES} bytes of JSON`)
    .meta({ override: { type: 'object', description: `At most ${MAX_META_BYTES} bytes of JSON` } })
    .optional(),
});

const MAX_TTL_MS = 86_400_000;
const MAX_MESSAGE_BYTES = 16 * 1024;

/** The value comes out as JSON text. */
export const documentBody = z.strictObject({
  value: jsonUpTo(MAX_DOCUMENT_BYTES),
  ttlMs: z.int().min(1).max(MAX_TTL_MS).optional(),
});

/** The data comes out as JSON text. */
export const messageBody = z.strictObject({ data: jsonUpTo(MAX_MESSAGE_BYTES) });

function jsonUpTo(limitBytes: number) {
  return z
    .custom<unknown>((value) => value !== undefined, 'must be given; null is a value')
    .meta({ override: { description: `Any JSON of at most ${limitBytes} bytes` } })
    .transform(jsonText)
    .refine((text) => Buffer.byteLength(text) <= limitBytes, `must be at most ${limitBytes} bytes of JSON`);
}

/** JSON that can be read but, being nested too deeply, not written again, is refused. */
function jsonText(value: unknown, context: z.RefinementCtx): string {
  try {
    return JSON.stringify(value);
  } catch {
    context.addIssue('must be nested less deeply');
    return z.NEVER;
  }
}

/** What is nested too deeply can be read, but not written again. */
function isJsonUpTo(limitBytes: number, value: unknown): boolean {
  try {
    return Buffer.byteLength(JSON.stringify(value)) <= limitBytes;
  } catch {
    return false;
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const MAX_FAULTS = 1_000_000;
const MAX_DELAY_MS = 60_000;

export const faultsBody = z.strictObject({
  kind: z.enum(faultKinds, `must be one of ${faultKinds.join(', ')}`),
  times: z.int().min(1).max(MAX_FAULTS).default(1),
  delayMs: z.int().min(0).max(MAX_DELAY_MS).default(100),
});

/** @throws {BadRequestError} naming each field that is wrong */
export function checked<Output>(schema: z.ZodType<Output>, value: unknown): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.map((issue) => ({
    field: issue.path.length === 0 ? 'body' : issue.path.join('.'),
    detail: issue.message,
  }));
  throw new BadRequestError(errors);
}

/**
 * `checked(incrementBody, …)`, the amount only, decided by hand for the common case: the schema takes longer than the
 * increment. Whatever is unusual goes to the schema, so both agree; a property test holds them to it.
 */
export function incrementBy(value: unknown): number {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    let fields = 0;
    for (const _name in value) fields += 1;
    if (fields === 1 && 'by' in value && Number.isSafeInteger(value.by)) return (value.by as number) + 0;
  }
  return checked(incrementBody, value).by ?? 1;
}
