/** Broken: `async` changes when the caller gets the page, not who makes it. Meanwhile this thread serves nobody else. */
import { renderPage } from '../../render/page.ts';

export class Pages implements AsyncDisposable {
  async page(document: string): Promise<Uint8Array> {
    return renderPage(document);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
