/** What runs in the pool's worker. */
import { move } from 'piscina';
import { renderPage } from './page.ts';

export default function render(body: string): unknown {
  return move(renderPage(body)); // handed over, not copied
}
