/** How a rendered page looks, and what a browser may do with it. */
import { createHash } from 'node:crypto';

export const PAGE_STYLE =
  'body{font:16px/1.6 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem}' +
  'pre{overflow-x:auto;padding:.75rem;background:#f4f4f4}pre.json{white-space:pre-wrap;overflow-wrap:anywhere}' +
  'blockquote{margin:0;padding-left:1rem;border-left:.25rem solid #ccc}td,th{padding:.25rem .5rem;border:1px solid #ccc}';

/** The second wall behind the sanitiser: no script, nothing from elsewhere, no frame, and one known style. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(PAGE_STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  'sandbox',
].join('; ');
