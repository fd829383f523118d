import { SharedStateError } from '../errors.ts';

/** An admin request without a token. */
export class UnauthorizedError extends SharedStateError {
  readonly code = 'UNAUTHORIZED';
}

/** An admin request with a wrong token. */
export class ForbiddenError extends SharedStateError {
  readonly code = 'FORBIDDEN';
}

/** A page of another origin, which may not open a WebSocket here. */
export class ForbiddenOriginError extends SharedStateError {
  readonly code = 'FORBIDDEN';
}

/** A plain request for what is only there over WebSocket. */
export class UpgradeRequiredError extends SharedStateError {
  readonly code = 'UPGRADE_REQUIRED';
}
