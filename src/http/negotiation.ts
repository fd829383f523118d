/** Whether a client wants a document as JSON or as a page (RFC 9110, 12.5.1). */
import { accepts } from 'hono/accepts';
import type { HttpContext } from './exchange.ts';

const JSON_TYPE = 'application/json';
const HTML_TYPE = 'text/html';

interface Range {
  readonly type: string;
  readonly q: number;
}

/**
 * Whether `Accept` prefers HTML. JSON is what everybody gets who likes it as much, or neither of them.
 *
 * @param header its value; looked at only where it can matter, because most requests ask for anything
 */
export function prefersHtml(context: HttpContext, header: string | undefined): boolean {
  if (header === undefined || !/\btext\//i.test(header)) return false;
  return (
    accepts(context, { header: 'Accept', supports: [JSON_TYPE, HTML_TYPE], default: JSON_TYPE, match }) === HTML_TYPE
  );
}

/** hono's own choice does not count the wildcard of all types as a wish for any of them. */
function match(ranges: readonly Range[]): string {
  return qualityOf(HTML_TYPE, ranges) > qualityOf(JSON_TYPE, ranges) ? HTML_TYPE : JSON_TYPE;
}

/** The quality of the most specific range that a type is in. */
function qualityOf(type: string, ranges: readonly Range[]): number {
  const [main] = type.split('/');
  for (const range of [type, `${main}/*`, '*/*']) {
    const given = ranges.filter((one) => one.type.toLowerCase() === range);
    if (given.length > 0) return Math.max(...given.map(({ q }) => q));
  }
  return 0;
}
