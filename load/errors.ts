/** What can go wrong while comparing, in words that tell the reader what to change. */

/** A flag or its value is wrong; nothing was started. */
export class UsageError extends Error {
  readonly code = 'USAGE';
}

/** No k6 that can be used, and none could be installed. */
export class K6UnavailableError extends Error {
  readonly code = 'K6_UNAVAILABLE';
}

/** k6 ended without a usable summary. */
export class K6RunError extends Error {
  readonly code = 'K6_RUN';
}

/** The cheap generator failed, or got answers that were no good. */
export class GeneratorError extends Error {
  readonly code = 'GENERATOR';
}

/** The service under test did not start, did not become ready or did not stop. */
export class ServiceError extends Error {
  readonly code = 'SERVICE';
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
