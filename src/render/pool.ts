/**
 * Rendering off the event loop: one worker thread for this HTTP thread, started when first needed.
 *
 * It gets one document at a time: piscina's own queue neither bounds tasks that can be aborted nor keeps their order.
 */
import { Piscina } from 'piscina';
import type { RenderEngine } from './engine.ts';
import { RenderFailedError } from './render-failed-error.ts';

/** A document that needs more makes an end of the worker, not of the service. */
const MAX_HEAP_MB = 128;

const WORKER = new URL('./render-worker.ts', import.meta.url);

export class RenderPool implements RenderEngine {
  readonly #worker: URL;
  #pool: Piscina<string, Uint8Array<ArrayBuffer>> | undefined;

  /** @param worker the file that runs in the worker */
  constructor(worker = WORKER) {
    this.#worker = worker;
  }

  async run(body: string, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    this.#pool ??= createPool(this.#worker);
    try {
      return await this.#pool.run(body, { signal });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new RenderFailedError(error);
    }
  }

  async close(): Promise<void> {
    await this.#pool?.destroy();
  }
}

function createPool(worker: URL): Piscina<string, Uint8Array<ArrayBuffer>> {
  const pool = new Piscina<string, Uint8Array<ArrayBuffer>>({
    filename: worker.href,
    minThreads: 1,
    maxThreads: 1,
    idleTimeout: Infinity,
    // The worker sleeps between tasks instead of turning its event loop: right, because it does nothing but compute.
    atomics: 'sync',
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    env: {}, // it needs none of our settings, some of which are secrets
  });
  pool.on('error', () => {}); // a worker that ended while idle: piscina replaces it
  return pool;
}
