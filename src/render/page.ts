/**
 * A document as an HTML page. A string, or an object with a string `markdown` (and perhaps a `title`), is Markdown;
 * anything else is shown as the JSON it is.
 *
 * Guarantee: whatever the document holds, the page has no script, no style of its own, and no link but to http, https,
 * mailto or a relative address. Time and size are bounded: a short text of many references to one long link or title
 * would become thousands of times as long, and is shown as JSON instead.
 * Cost: CPU time in proportion to the text, many times that of the rest of its request, on whichever thread it runs.
 */
import MarkdownIt, { type Token } from 'markdown-it';
import sanitizeHtml from 'sanitize-html';
import { PAGE_STYLE } from './page-style.ts';

/** Characters that the Markdown of one page may become, roughly, before it is sanitised. */
const MAX_HTML_CHARACTERS = 512 * 1024;
/** What a piece of Markdown adds in tags. */
const TOKEN_CHARACTERS = 16;
const MAX_NESTING = 64;

const words = (text: string): string[] => text.split(' ');

const markdownIt = new MarkdownIt({ html: true });

const allowed: sanitizeHtml.IOptions = {
  allowedTags: words(
    'h1 h2 h3 h4 h5 h6 p blockquote ul ol li pre hr br table thead tbody tr th td ' +
      'a code em strong b i s del ins sub sup kbd mark',
  ),
  allowedAttributes: { a: words('href title rel'), ol: ['start'] },
  allowedSchemes: words('http https mailto'),
  allowProtocolRelative: false,
  disallowedTagsMode: 'discard',
  nestingLimit: MAX_NESTING,
  transformTags: { a: sanitizeHtml.simpleTransform('a', { rel: 'nofollow noopener noreferrer' }) },
};

/** @param body `{"key":…,"value":…}` @returns the page as UTF-8, in memory of its own */
export function renderPage(body: string): Uint8Array<ArrayBuffer> {
  const { key, value } = JSON.parse(body) as { key: string; value: unknown };
  const { title = key, markdown } = markdownOf(value);
  const content = markdown === undefined ? undefined : contentOf(markdown);
  return new TextEncoder().encode(pageOf(title, content ?? jsonOf(body, key)));
}

function markdownOf(value: unknown): { readonly title?: string; readonly markdown?: string } {
  if (typeof value === 'string') return { markdown: value };
  if (typeof value !== 'object' || value === null) return {};
  const { markdown, title } = value as { markdown?: unknown; title?: unknown };
  return typeof markdown === 'string' ? { markdown, ...(typeof title === 'string' ? { title } : {}) } : {};
}

/** Markdown as sanitised HTML; undefined when there would be too much of it. */
function contentOf(markdown: string): string | undefined {
  const tokens = markdownIt.parse(markdown, {});
  if (charactersIn(tokens) > MAX_HTML_CHARACTERS) return undefined;
  return sanitizeHtml(markdownIt.renderer.render(tokens, markdownIt.options, {}), allowed);
}

function charactersIn(tokens: readonly Token[]): number {
  let characters = tokens.length * TOKEN_CHARACTERS;
  for (const { content, attrs, children } of tokens) {
    characters += content.length;
    for (const [, value] of attrs ?? []) characters += String(value).length;
    if (children !== null) characters += charactersIn(children);
  }
  return characters;
}

/** The value as it stands in the body: what is nested deeply can be read but not always written again. */
function jsonOf(body: string, key: string): string {
  const value = body.slice(`{"key":${JSON.stringify(key)},"value":`.length, -1);
  return `<pre class="json"><code>${escape(value)}</code></pre>`;
}

function pageOf(title: string, content: string): string {
  return (
    '<!doctype html>\n<html><head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width">' +
    `<title>${escape(title)}</title><style>${PAGE_STYLE}</style></head>\n<body>\n${content}\n</body></html>\n`
  );
}

function escape(text: string): string {
  return markdownIt.utils.escapeHtml(text);
}
