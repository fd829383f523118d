import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { serveCache } from '../support/served-cache.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

describe('GET /cache/{key} as a page', () => {
  const page = { accept: 'text/html' };

  it('answers a whole page that lets a browser do nothing', async () => {
    const { cache, ask } = serveCache();
    cache.origin.set('a', '{"title":"T & U","markdown":"# Hello"}');
    const answer = await ask('GET', '/a', { headers: page });
    const html = await answer.text();
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(html).toMatch(
      /^<!doctype html>\n<html>.*<title>T &amp; U<\/title>.*<h1>Hello<\/h1>\n\n<\/body><\/html>\n$/s,
    );
    const policy = answer.headers.get('content-security-policy')!;
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/]+=*'; base-uri 'none'; .*sandbox$/);
    const style = /<style>(.*)<\/style>/s.exec(html)![1]!;
    expect(policy).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    expect(answer.headers.get('cache-status')).toBe('shared-state; fwd=miss; stored');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('has a tag of its own, which 304 goes by', async () => {
    const { cache, ask } = serveCache();
    cache.origin.set('a', '1');
    const [asJson, asPage] = [await ask('GET', '/a'), await ask('GET', '/a', { headers: page })];
    const [jsonTag, pageTag] = [asJson.headers.get('etag')!, asPage.headers.get('etag')!];
    expect(pageTag).not.toBe(jsonTag);
    const status = async (tag: string, headers: Record<string, string>) => {
      const answer = await ask('GET', '/a', { headers: { ...headers, 'if-none-match': tag } });
      expect(answer.headers.get('vary')).toBe('accept');
      return answer.status;
    };
    expect(await status(pageTag, page)).toBe(304);
    expect(await status(jsonTag, page)).toBe(200);
    expect(await status(jsonTag, {})).toBe(304);
    expect(await status(pageTag, {})).toBe(200);
  });

  const wishes: [accept: string, type: 'html' | 'json'][] = [
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'html'],
    ['TEXT/HTML', 'html'],
    ['text/*', 'html'],
    ['text/html;q=0.2', 'html'],
    ['application/json;q=0.5, text/html', 'html'],
    ['application/*;q=0.5, text/html;q=0.6', 'html'],
    ['text/html;charset=utf-8', 'html'],
    ['*/*;q=0.5, text/*', 'html'],
    ['*/*', 'json'],
    ['application/json', 'json'],
    ['text/html, application/json', 'json'],
    ['text/html;q=0.5, application/json', 'json'],
    ['*/*, text/html;q=0.5', 'json'],
    ['text/html;q=0', 'json'],
    ['text/html;q=0, */*', 'json'],
    ['text/*, text/html;q=0', 'json'],
    ['text/plain', 'json'],
    ['image/png', 'json'],
    ['', 'json'],
    ['text/html;q=nonsense;;,,/', 'html'],
    ['xtext/html', 'json'],
  ];
  it.for(wishes)('%j gets %s', async ([accept, type]) => {
    const { cache, ask } = serveCache();
    cache.origin.set('a', '"text"');
    const answer = await ask('GET', '/a', { headers: { accept } });
    expect(answer.headers.get('content-type')).toMatch(type);
    expect(answer.headers.get('vary')).toBe('accept');
  });

  it('answers problems as problems', async () => {
    const { ask } = serveCache();
    const answer = await ask('GET', '/none', { headers: page });
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });
});
