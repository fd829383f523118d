/** Broken: `async` changes when the caller gets the page, not who makes it. Meanwhile this thread serves nobody else. */
import render from './render.ts';

export class Pages implements AsyncDisposable {
  async page(markdown: string): Promise<string> {
    return render(markdown);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
