/** `/openapi.json`, and `/docs`: a page to try it, which needs nothing from outside the service. */
import { readFile } from 'node:fs/promises';
import type { Hono } from 'hono';
import { NotFoundError } from '../../errors.ts';
import { exchange, type ExchangeOptions, type HttpEnvironment } from '../exchange.ts';
import { type DocumentedService, openApiDocument } from '../openapi/document.ts';

const page = new URL('../docs-page/', import.meta.url);

const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

/** What the page may load, and nothing else of either directory. */
const files: ReadonlyMap<string, readonly [url: string | URL, type: string]> = new Map([
  ['page.css', [new URL('page.css', page), STYLE]],
  ['page.js', [new URL('page.js', page), SCRIPT]],
  ['swagger-ui.css', [import.meta.resolve('swagger-ui-dist/swagger-ui.css'), STYLE]],
  ['swagger-ui-bundle.js', [import.meta.resolve('swagger-ui-dist/swagger-ui-bundle.js'), SCRIPT]],
  ['favicon-32x32.png', [import.meta.resolve('swagger-ui-dist/favicon-32x32.png'), 'image/png']],
]);

/** Everything comes from here, icons in the style sheet apart, which are `data:`. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const safe = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };

export function docsRoutes(app: Hono<HttpEnvironment>, service: DocumentedService, options: ExchangeOptions): void {
  let document: string | undefined; // made when first asked for

  app.get('/openapi.json', (context) =>
    exchange(context, options, (call) => call.json((document ??= JSON.stringify(openApiDocument(service))))),
  );

  app.get('/docs', (context) =>
    exchange(context, options, async (call) => {
      const html = await readFile(new URL('index.html', page), 'utf8');
      const headers = { ...safe, 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY };
      return call.answer(html, 200, headers);
    }),
  );

  app.get('/docs/:file', (context) =>
    exchange(context, options, async (call) => {
      const name = context.req.param('file');
      const [url, type] = files.get(name) ?? [];
      if (url === undefined) throw new NotFoundError(`the page has no file ${JSON.stringify(name)}`);
      const headers = { ...safe, 'content-type': type!, 'cache-control': 'max-age=3600' };
      return call.answer(new Uint8Array(await readFile(new URL(url))), 200, headers);
    }),
  );
}
