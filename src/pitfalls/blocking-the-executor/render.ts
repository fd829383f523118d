/** Markdown to HTML that may be shown to anybody: CPU-bound, milliseconds for a long page. Also what a pool thread runs. */
import MarkdownIt from 'markdown-it';
import sanitizeHtml from 'sanitize-html';

const markdownIt = new MarkdownIt({ html: true, linkify: true });

export default function render(markdown: string): string {
  return sanitizeHtml(markdownIt.render(markdown));
}
