import type { Awaitable } from '../sync/wait.ts';

/** Where documents become pages. */
export interface RenderEngine {
  /**
   * Called for one document at a time.
   *
   * @param body of a document
   * @param signal ends the work; inline, nothing can
   * @throws {RenderFailedError} whoever worked on it ended
   */
  run(body: string, signal: AbortSignal): Awaitable<Uint8Array<ArrayBuffer>>;
  /** Ends what is under way. */
  close(): Promise<void>;
}
