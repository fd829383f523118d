/** Rendering on the event loop: while it lasts, this thread serves nobody else. For the comparison. */
import type { RenderEngine } from './engine.ts';
import { renderPage } from './page.ts';

export const inlineEngine: RenderEngine = {
  run: (body) => renderPage(body),
  close: () => Promise.resolve(),
};
