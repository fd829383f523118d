import { SharedStateError } from '../errors.ts';

/** An admin request without a token. */
export class UnauthorizedError extends SharedStateError {
  readonly code = 'UNAUTHORIZED';
}

/** An admin request with a wrong token. */
export class ForbiddenError extends SharedStateError {
  readonly code = 'FORBIDDEN';
}
