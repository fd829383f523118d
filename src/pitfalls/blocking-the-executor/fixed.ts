/** Fixed: another thread makes the page, and this one goes on serving. */
import { Piscina } from 'piscina';

export class Pages implements AsyncDisposable {
  readonly #pool = new Piscina({ filename: import.meta.resolve('./render.ts'), maxThreads: 1 });

  async page(markdown: string): Promise<string> {
    return this.#pool.run(markdown);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy();
  }
}
