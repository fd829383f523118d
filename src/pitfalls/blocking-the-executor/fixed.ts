/** Fixed: another thread makes the page, and this one goes on serving. */
import { Piscina } from 'piscina';

export class Pages implements AsyncDisposable {
  readonly #pool = new Piscina({ filename: import.meta.resolve('../../render/render-worker.ts'), maxThreads: 1 });

  async page(document: string): Promise<Uint8Array> {
    return this.#pool.run(document);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy();
  }
}
