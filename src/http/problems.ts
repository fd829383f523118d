/** Errors as `application/problem+json` (RFC 9457). */
import {
  BadRequestError,
  ConflictError,
  PreconditionFailedError,
  type ErrorCode,
  type Outcome,
  SharedStateError,
  type FieldError,
} from '../errors.ts';

/** Every code with its status and title; the compiler checks that none is missing. */
export const problems = {
  BAD_REQUEST: [400, 'The request is malformed'],
  UNAUTHORIZED: [401, 'An admin token is needed'],
  FORBIDDEN: [403, 'This is not allowed'],
  NOT_FOUND: [404, 'There is no such thing'],
  METHOD_NOT_ALLOWED: [405, 'The method is not allowed here'],
  REQUEST_TIMEOUT: [408, 'The request came in too slowly'],
  CONFLICT: [409, 'The value is not the expected one'],
  OVERFLOW: [409, 'The result would not be an exact integer'],
  PRECONDITION_FAILED: [412, 'The version is not the expected one'],
  BODY_TOO_LARGE: [413, 'The body is too large'],
  URI_TOO_LONG: [414, 'The URL is too long'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'The body is not JSON'],
  EXPECTATION_FAILED: [417, 'The expectation cannot be met'],
  UPGRADE_REQUIRED: [426, 'A WebSocket upgrade is needed'],
  PRECONDITION_REQUIRED: [428, 'The write needs If-Match'],
  HEADERS_TOO_LARGE: [431, 'The headers are too large'],
  INTERNAL: [500, 'The service has a defect'],
  POISONED: [500, 'The state is poisoned'],
  NOT_APPLICABLE: [501, 'This strategy has no such resource'],
  ORIGIN_FAILED: [502, 'The origin failed'],
  FENCED: [503, 'A newer service process has taken over'],
  DEADLINE: [503, 'The request waited too long'],
  LOCK_TIMEOUT: [503, 'The lock was not free in time'],
  MAILBOX_FULL: [503, 'The mailbox is full'],
  NOT_READY: [503, 'The service is not ready'],
  OVERLOADED: [503, 'Too much is waiting'],
  SHUTTING_DOWN: [503, 'The service is shutting down'],
  ORIGIN_TIMEOUT: [504, 'The origin did not answer in time'],
  OWNER_TIMEOUT: [504, 'The owner did not answer in time'],
  OUTCOME_UNKNOWN: [504, 'The request ended early and may have changed something'],
  CAPACITY: [507, 'The table is full'],
} as const satisfies Record<ErrorCode, readonly [status: number, title: string]>;

/** Seconds after which a refused request may be tried again. */
const RETRY_AFTER_SECONDS = '1';

/** The members of a problem document; `extra` ones depend on the code. */
export interface Problem {
  readonly status: number;
  readonly body: string;
  readonly headers: Record<string, string>;
}

export interface ProblemOptions {
  readonly requestId: string;
  /** Whether the request meant to change something: then the problem says what became of it. */
  readonly write: boolean;
}

/** The problem document of any error. One that is not ours is a defect: its message is for the log, not the client. */
export function problemOf(error: unknown, { requestId, write }: ProblemOptions): Problem {
  if (!(error instanceof SharedStateError) || error.code === 'INTERNAL') {
    const detail = 'an unexpected error; the log has it under this request id';
    const outcome = error instanceof SharedStateError ? error.outcome : 'unknown';
    return problem('INTERNAL', detail, requestId, write ? { outcome } : {});
  }
  if (write && error.outcome === 'unknown' && saysUnchanged(problems[error.code][0])) {
    const detail = `a part of the change may have been made before the request ended with ${error.code}; look what is there before you ask again`;
    return problem('OUTCOME_UNKNOWN', detail, requestId, { outcome: 'unknown' });
  }
  const extra: Record<string, unknown> = {};
  if (error instanceof BadRequestError) extra['errors'] = error.errors;
  if (error instanceof ConflictError) extra['value'] = error.value;
  if (error instanceof PreconditionFailedError) extra['version'] = error.version;
  if (write) extra['outcome'] = error.outcome;
  return problem(error.code, error.message, requestId, extra);
}

/** Whether the contract promises of a status that nothing changed. */
function saysUnchanged(status: number): boolean {
  return (status >= 400 && status < 500) || status === 503 || status === 507;
}

export type ProblemExtra = { readonly outcome?: Outcome; readonly errors?: readonly FieldError[] } & Record<
  string,
  unknown
>;

export function problem(code: ErrorCode, detail: string, requestId: string, extra: ProblemExtra = {}): Problem {
  const [status, title] = problems[code];
  const type = `urn:shared-state:problem:${code.toLowerCase().replaceAll('_', '-')}`;
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', 'x-request-id': requestId };
  if (status === 426) headers['upgrade'] = 'websocket';
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  if (status === 503) headers['retry-after'] = RETRY_AFTER_SECONDS;
  return { status, body: JSON.stringify({ type, title, status, detail, code, requestId, ...extra }), headers };
}
