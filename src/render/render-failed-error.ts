import { SharedStateError } from '../errors.ts';

/** The thread that rendered a document ended, or the renderer itself failed. A new thread takes its place. */
export class RenderFailedError extends SharedStateError {
  readonly code = 'INTERNAL';

  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `the document was not rendered (${reason}); the next one is, by a new thread where this one ended`,
      'not-applied',
      {
        cause,
      },
    );
  }
}
