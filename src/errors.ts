/** Every word that a problem document may carry as `code`; `http/problems.ts` gives each its status. */
export type ErrorCode =
  | 'BAD_REQUEST'
  | 'UNAUTHORIZED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'CONFLICT'
  | 'OVERFLOW'
  | 'PRECONDITION_FAILED'
  | 'REQUEST_TIMEOUT'
  | 'URI_TOO_LONG'
  | 'EXPECTATION_FAILED'
  | 'HEADERS_TOO_LARGE'
  | 'BODY_TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'UPGRADE_REQUIRED'
  | 'PRECONDITION_REQUIRED'
  | 'POISONED'
  | 'INTERNAL'
  | 'NOT_APPLICABLE'
  | 'ORIGIN_FAILED'
  | 'FENCED'
  | 'LOCK_TIMEOUT'
  | 'MAILBOX_FULL'
  | 'OVERLOADED'
  | 'DEADLINE'
  | 'SHUTTING_DOWN'
  | 'NOT_READY'
  | 'ORIGIN_TIMEOUT'
  | 'OWNER_TIMEOUT'
  | 'OUTCOME_UNKNOWN'
  | 'CAPACITY';

/** What a failed write left behind: nothing at all, or something that the caller cannot know. */
export type Outcome = 'not-applied' | 'unknown';

/**
 * Base of every error that a caller can act on. `code` is stable; the message says what happened, what state
 * remains and what to change. `outcome` says whether the operation may have taken effect.
 */
export abstract class SharedStateError extends Error {
  abstract readonly code: ErrorCode;
  readonly outcome: Outcome;

  constructor(message: string, outcome: Outcome = 'not-applied', options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.outcome = outcome;
  }

  /** The same error, where something else became of the operation. */
  withOutcome(outcome: Outcome): this {
    const copy = Object.create(this, { outcome: { value: outcome, enumerable: true } }) as this;
    return copy;
  }
}

/** What ended an operation after its first change: nobody can say any more that nothing changed. */
export function afterFirstChange(error: unknown): unknown {
  return error instanceof SharedStateError ? error.withOutcome('unknown') : error;
}

/** One mistake in a request: the field that is wrong, and the limit it missed. */
export interface FieldError {
  readonly field: string;
  readonly detail: string;
}

/** How much of a request its refusal repeats: names come from the client, and may be as long as the body. */
const MAX_ERRORS = 20;
const MAX_TEXT = 200;

/** The request itself is wrong; `errors` names each field, of very many the first, of very long ones the beginning. Nothing changed. */
export class BadRequestError extends SharedStateError {
  readonly code = 'BAD_REQUEST';
  readonly errors: readonly FieldError[];

  constructor(errors: readonly FieldError[]) {
    const short = errors
      .slice(0, MAX_ERRORS)
      .map(({ field, detail }) => ({ field: shortened(field), detail: shortened(detail) }));
    super(short.map(({ field, detail }) => `${field}: ${detail}`).join('; '));
    this.errors = short;
  }
}

function shortened(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT).toWellFormed()}…`;
}

/** The addressed thing does not exist. */
export class NotFoundError extends SharedStateError {
  readonly code = 'NOT_FOUND';
}

/** The body is larger than a request may be. It was not read to its end, so the connection closes. */
export class BodyTooLargeError extends SharedStateError {
  readonly code = 'BODY_TOO_LARGE';

  constructor(limitBytes: number) {
    super(`the body exceeds ${limitBytes} bytes`);
  }
}

/** The body is not JSON by its own headers. */
export class UnsupportedMediaTypeError extends SharedStateError {
  readonly code = 'UNSUPPORTED_MEDIA_TYPE';
}

/** A compare-and-set met another value. Nothing changed; `value` is what it met. */
export class ConflictError extends SharedStateError {
  readonly code = 'CONFLICT';
  readonly value: number;

  constructor(expected: number, value: number) {
    super(`the counter is ${value}, not ${expected}; read it again and decide anew`);
    this.value = value;
  }
}

/** The result would not be an exact integer. Nothing changed. */
export class OverflowError extends SharedStateError {
  readonly code = 'OVERFLOW';

  constructor(current: number, by: number) {
    super(`${current} changed by ${by} leaves ±(2^53 − 1), where integers are exact`);
  }
}

/** A bounded table is full. Nothing changed, and nothing was dropped to make room. */
export class CapacityError extends SharedStateError {
  readonly code = 'CAPACITY';

  constructor(table: string, capacity: number) {
    super(`"${table}" holds its ${capacity} entries; delete some, or start with a larger capacity`);
  }
}

/** The origin's documents take all the room they may. Nothing changed, and nothing was dropped to make room. */
export class DocumentsFullError extends SharedStateError {
  readonly code = 'CAPACITY';

  /** @param limit what they may take and which setting says so, as in `256 MiB (ORIGIN_MEMORY_MB)` */
  constructor(limit: string) {
    super(`the documents at the origin take all the room they may, ${limit}; delete some (DELETE …/documents/{key})`);
  }
}

/** The mutex was still held when the wait ran out. Nothing changed; a retry is safe. */
export class LockTimeoutError extends SharedStateError {
  readonly code = 'LOCK_TIMEOUT';
  readonly waitedMs: number; // a field, not a parameter property: Node runs erasable syntax only

  constructor(mutex: string, waitedMs: number) {
    super(`mutex "${mutex}" still held after ${waitedMs} ms; shorten its critical sections or raise LOCK_TIMEOUT_MS`);
    this.waitedMs = waitedMs;
  }
}

/** Readers stay at versions that are too old: their memory cannot be used again yet. Nothing changed, nobody waited. */
export class VersionsHeldError extends LockTimeoutError {
  constructor(state: string) {
    super(state, 0);
    this.message = `"${state}": readers hold so many earlier versions that there is no room for the next; nothing changed, try again`;
  }
}

/** Too many wait already. Nothing changed. */
export class OverloadedError extends SharedStateError {
  readonly code = 'OVERLOADED';
}

/** The request's time ran out while it waited, before anything changed. */
export class DeadlineError extends SharedStateError {
  readonly code = 'DEADLINE';

  /** @param timeoutMs undefined where only the deadline is known, not how long the wait was to be */
  constructor(timeoutMs?: number) {
    const deadline = timeoutMs === undefined ? 'its deadline' : `its deadline of ${timeoutMs} ms`;
    super(`the request waited until ${deadline}; nothing changed`);
  }
}

/** The client went away while its request waited; nobody reads the answer. Nothing changed. */
export class ClientGoneError extends SharedStateError {
  readonly code = 'DEADLINE';

  constructor() {
    super('the client closed its connection while the request waited; nothing changed');
  }
}

/** The service is on its way down and takes no new work. */
export class ShuttingDownError extends SharedStateError {
  readonly code = 'SHUTTING_DOWN';
}

/** State was left half-changed and could be neither rolled back nor completed. */
export class PoisonedError extends SharedStateError {
  readonly code = 'POISONED';

  constructor(mutex: string) {
    super(`mutex "${mutex}" is poisoned: a holder left its state half-changed beyond repair; recover or restart`);
  }
}

/** A defect of the service itself: `sync/` was used in a way it forbids. */
export class MisuseError extends SharedStateError {
  readonly code = 'INTERNAL';
}

/** This strategy does not serve the resource, for the reason given. */
export class NotApplicableError extends SharedStateError {
  readonly code = 'NOT_APPLICABLE';
}

/** The origin answered with an error. */
export class OriginFailedError extends SharedStateError {
  readonly code = 'ORIGIN_FAILED';
}

/**
 * Another service process has taken over the origin's namespace: this one stores nothing there any more, and does not
 * show what it has in memory.
 */
export class FencedError extends SharedStateError {
  readonly code = 'FENCED';
}

/** The origin has no room. It stored nothing, and dropped nothing to make room. */
export class OriginFullError extends SharedStateError {
  readonly code = 'CAPACITY';
}

/** The origin did not answer in time; nobody can know whether it acted. */
export class OriginTimeoutError extends SharedStateError {
  readonly code = 'ORIGIN_TIMEOUT';

  constructor(timeoutMs: number, outcome: Outcome = 'unknown') {
    super(`the origin did not answer within ${timeoutMs} ms`, outcome);
  }
}

/**
 * The origin has made a change, but the cache's lock was not free in time. The copy in memory may be older; to take it
 * out is tried until it succeeds.
 */
export class CopyInDoubtError extends SharedStateError {
  readonly code = 'ORIGIN_TIMEOUT';

  constructor() {
    super(
      'the origin has made the change, but the copy in memory could not be replaced in time; it may be older',
      'unknown',
    );
  }
}

/** The mailbox had no room in time. Nothing changed. */
export class MailboxFullError extends SharedStateError {
  readonly code = 'MAILBOX_FULL';

  /** @param received whether it has a receiver */
  constructor(mailbox: string, capacity: number, received: boolean) {
    const why = received ? `${capacity} messages wait in it already` : 'nobody receives from it at the moment';
    super(`nothing was sent to the mailbox "${mailbox}": ${why}`);
  }
}

/** The owner had taken the message and did not answer in time; nobody can know whether it acted. */
export class OwnerTimeoutError extends SharedStateError {
  readonly code = 'OWNER_TIMEOUT';

  constructor(mailbox: string, waitedMs: number) {
    super(`the owner of "${mailbox}" did not answer within ${waitedMs} ms`, 'unknown');
  }
}

/** The owner died with the message; nobody can know whether it acted. A new owner carries on. */
export class OwnerLostError extends SharedStateError {
  readonly code = 'OWNER_TIMEOUT';

  constructor(mailbox: string) {
    super(
      `the owner of "${mailbox}" ended before it answered; its successor carries on with the same records`,
      'unknown',
    );
  }
}

/** An error that an experimenter asked for, in the middle of a change. The change was rolled back. */
export class InjectedFaultError extends SharedStateError {
  readonly code = 'INTERNAL';

  constructor() {
    super('thrown in the middle of a change, as was asked for; the change was rolled back');
  }
}

/** The version that a write expected is not the current one. Nothing changed. */
export class PreconditionFailedError extends SharedStateError {
  readonly code = 'PRECONDITION_FAILED';
  readonly version: number;

  constructor(expected: readonly number[], version: number) {
    super(`the current version is ${version}, not ${expected.join(' or ')}; read it again and decide anew`);
    this.version = version;
  }
}

/** A write that must say which version it is based on does not. */
export class PreconditionRequiredError extends SharedStateError {
  readonly code = 'PRECONDITION_REQUIRED';
}
