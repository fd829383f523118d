/** An engine of which the test decides when, and how, each rendering ends. */
import type { RenderEngine } from '../../src/render/engine.ts';

interface Run {
  readonly body: string;
  readonly signal: AbortSignal;
  readonly finish: (page: string) => void;
  readonly fail: (error: Error) => void;
}

export class ManualEngine implements RenderEngine {
  /** Every rendering that was begun. */
  readonly runs: Run[] = [];
  closed = false;
  #begun = Promise.withResolvers<Run>();

  /** The next rendering, once it begins. */
  next(): Promise<Run> {
    return this.#begun.promise;
  }

  run(body: string, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
    signal.addEventListener('abort', () => reject(signal.reason as Error));
    const run = { body, signal, finish: (page: string) => resolve(new TextEncoder().encode(page)), fail: reject };
    this.runs.push(run);
    this.#begun.resolve(run);
    this.#begun = Promise.withResolvers();
    return promise;
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}
