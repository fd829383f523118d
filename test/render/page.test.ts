import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { initialValue } from '../../src/origin/initial-documents.ts';
import { renderPage } from '../../src/render/page.ts';
import { words } from '../support/hostile/hostile-request.ts';

function pageOf(value: unknown, key = 'k'): string {
  return new TextDecoder().decode(renderPage(JSON.stringify({ key, value })));
}

/** What stands between the body's tags. */
function contentOf(value: unknown): string {
  return /<body>\n([^]*)\n<\/body>/.exec(pageOf(value))![1]!;
}

const PLAIN_TAG =
  /^<(?:\/?(?:h[1-6]|p|blockquote|ul|ol|li|pre|code|em|strong|b|i|s|del|ins|sub|sup|kbd|mark|table|thead|tbody|tr|th|td)|hr \/|br \/|\/a|ol start="\d+"|pre class="json")>$/;
const LINK = /^<a(?: href="([^"<>]*)")?(?: title="[^"<>]*")? rel="nofollow noopener noreferrer"(?: title="[^"<>]*")?>$/;

/** What a browser would take as a tag and we do not know to be harmless. */
function dangersIn(html: string): string[] {
  return html.split(/(<[^>]*>)/).filter((part) => (part.startsWith('<') ? !isHarmless(part) : part.includes('<')));
}

function isHarmless(tag: string): boolean {
  const link = LINK.exec(tag);
  if (link === null) return PLAIN_TAG.test(tag);
  const address = URL.parse(decoded(link[1] ?? ''), 'https://here.test/');
  return address !== null && ['http:', 'https:', 'mailto:'].includes(address.protocol);
}

function decoded(text: string): string {
  return text
    .replaceAll(/&#x([\da-f]+);?/gi, (_all, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replaceAll(/&#(\d+);?/g, (_all, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
}

describe('a page', () => {
  it('shows Markdown: of a string, or of an object that has some', () => {
    expect(contentOf('# A\n\n**b** <em>c</em>\n\n| x |\n|---|\n| y |')).toMatch(
      /^<h1>A<\/h1>\n<p><strong>b<\/strong> <em>c<\/em><\/p>\n<table>.*<td>y<\/td>/s,
    );
    expect(contentOf({ markdown: '*b*', other: 1 })).toBe('<p><em>b</em></p>\n');
    expect(pageOf({ markdown: 'b', title: '</title><script>' })).toContain(
      '<title>&lt;/title&gt;&lt;script&gt;</title>',
    );
    expect(pageOf('b', 'the "key"')).toContain('<title>the &quot;key&quot;</title>');
    expect(pageOf({ markdown: 'b', title: 7 })).toContain('<title>k</title>');
    expect(contentOf((JSON.parse(initialValue(7)) as { markdown: string }).markdown)).toMatch(/^<h1>.*, note 7<\/h1>/);
  });

  it.each([
    null,
    7,
    true,
    [],
    ['<b>'],
    {},
    { markdown: 1 },
    { title: 'x' },
    { text: '</code><script>alert(1)</script>' },
  ])('shows %j as the JSON it is', (value) => {
    const shown = contentOf(value);
    expect(dangersIn(shown)).toEqual([]);
    expect(shown).toMatch(/^<pre class="json"><code>.*<\/code><\/pre>$/s);
    const text = shown.slice('<pre class="json"><code>'.length, -'</code></pre>'.length);
    expect(text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"')).toBe(JSON.stringify(value));
  });

  it('takes no field for its own that an object inherits', () => {
    const body = '{"key":"k","value":{"__proto__":{"markdown":"**no**"}}}';
    expect(new TextDecoder().decode(renderPage(body))).toContain('class="json"');
  });

  it.each([
    '<script>alert(1)</script>',
    '<scr<script>ipt>alert(1)</scr</script>ipt>',
    '<img src=x onerror=alert(1)>',
    '<svg onload=alert(1)><a xlink:href="javascript:alert(1)"></svg>',
    '<svg><style><img src=x onerror=alert(1)></style></svg>',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '[a](javascript:alert(1))',
    '[a](JaVaScRiPt:alert(1))',
    '[a](java\tscript:alert(1)) [b](<java&#10;script:alert(1)>)',
    '<a href="&#106;avascript:alert(1)">a</a> <a href=" &#x01; javascript:alert(1)">b</a>',
    '[a](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==) <a href="data:text/html,x">b</a>',
    '[a](vbscript:msgbox(1)) <a href="file:///etc/passwd">b</a> <a href="//elsewhere.test">c</a>',
    '<a href="https://x.test" onclick="alert(1)" style="position:fixed" target="_top" id="getElementById">a</a>',
    '<iframe src="https://x.test"></iframe><object data=x></object><embed src=x><frame src=x>',
    '<form action="/x"><input name=a><button formaction="javascript:alert(1)">b</button></form>',
    '<base href="https://x.test/"><meta http-equiv="refresh" content="0;url=javascript:alert(1)"><link rel=stylesheet href=x>',
    '<style>body{background:url(javascript:alert(1))}</style><p style="x:expression(alert(1))">a',
    '</body></html><script>alert(1)</script>',
    '```html\n<script>alert(1)</script>\n```\n`<img src=x onerror=alert(1)>`',
    '![a](https://x.test/pixel.png "b\\" onerror=alert(1) x=\\"")',
    '<p title="<img src=x onerror=alert(1)>">a <b/onmouseover=alert(1)>b',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    '<textarea><script>alert(1)</script></textarea><xmp><script>alert(2)</script></xmp><plaintext>',
    '<!--><img src=x onerror=alert(1)>--> <![CDATA[<script>alert(1)</script>]]> <?xml <script>?>',
    '[a]: javascript:alert(1)\n\n[a] <javascript:alert(1)>',
    '<a href="https://x.test/&quot;&gt;&lt;script&gt;alert(1)">a</a>',
    '<\u0000script>alert(1)</script> <a href="java\u0000script:alert(1)">a</a>',
  ])('has nothing in it that a browser would run: %s', (markdown) => {
    for (const value of [markdown, { markdown }, { markdown: `> - ${markdown}` }, [markdown]]) {
      const shown = contentOf(value);
      expect({ shown, dangers: dangersIn(shown) }).toEqual({ shown, dangers: [] });
    }
  });

  it('is the page we know, whatever is put together at random', () => {
    const pieces = [
      words`< > </ /> " ' = [a]( ) ] [ ![ <!-- --> &#x3c; &lt; script img a svg style javascript: alert(1)`,
      words`<script> </script> <style> </style> <textarea> <svg> <math> <p`,
      [' href=', ' src=', ' onerror=', '`', '```\n', '\n', '\n\n', ' ', '\u0000', '| a |\n|---|\n'],
    ];
    const piece = fc.constantFrom(...pieces.flat());
    const markdown = fc.array(piece, { maxLength: 40 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(markdown, (text) => {
        expect(dangersIn(contentOf(text))).toEqual([]);
      }),
      { numRuns: 1_500 },
    );
  });

  it('says of every link that it vouches for none', () => {
    expect(contentOf('[a](https://x.test "t") <https://y.test> <a href="/z" rel="opener">c</a>')).toBe(
      '<p><a href="https://x.test" title="t" rel="nofollow noopener noreferrer">a</a> ' +
        '<a href="https://y.test" rel="nofollow noopener noreferrer">https://y.test</a> ' +
        '<a href="/z" rel="nofollow noopener noreferrer">c</a></p>\n',
    );
    // One that leads elsewhere must say so.
    expect(contentOf('[a](//x.test)')).toBe('<p><a rel="nofollow noopener noreferrer">a</a></p>\n');
  });

  it.each([
    ['references to a long title', `[a]: /x "${'y'.repeat(16_000)}"\n\n${'[a]'.repeat(5_000)}`],
    ['references to a long link', `[a]: /${'y'.repeat(16_000)}\n\n${'[a]'.repeat(5_000)}`],
    ['a table of empty cells', `${'|a'.repeat(5_000)}\n${'|-'.repeat(5_000)}\n${'|\n'.repeat(5_000)}`],
  ])('shows as JSON what would become too much: %s', (_name, markdown) => {
    const page = pageOf({ markdown });
    expect(page.length).toBeLessThan(200_000);
    expect(page).toContain('class="json"');
  });

  it.each(['[', '<a>', '> ', '- ', '**a', '`', '![', '<!--', '(', '&', '[](', '<', '_', '\\', '~~~\n'])(
    'is bounded for a document full of %j',
    (piece) => {
      const page = pageOf(piece.repeat(Math.floor((32 * 1024) / piece.length)));
      expect(page.length).toBeLessThan(1_000_000);
    },
  );

  it('shows what is nested as deeply as a document can be', () => {
    const deep = `${'['.repeat(16_000)}${']'.repeat(16_000)}`;
    expect(new TextDecoder().decode(renderPage(`{"key":"k","value":${deep}}`))).toContain(deep);
  });
});
