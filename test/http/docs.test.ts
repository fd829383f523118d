import { expect, it } from 'vitest';
import { type AppOptions, buildApp } from '../../src/app.ts';

const app = buildApp({ served: [], maxConcurrentRequests: 1, timeoutMs: 1_000 } as unknown as AppOptions);

it('the page has all it needs from the service itself, and may load nothing else', async () => {
  const page = await app.request('/docs');
  expect(page.headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; script-src 'self'; style-src 'self'/,
  );
  const links = Array.from((await page.text()).matchAll(/(?:src|href)="([^"]+)"/g), ([, link]) => link!);
  expect(links).toHaveLength(6);
  for (const link of links) {
    expect(link).not.toMatch(/^(?:\w+:|\/)/); // also right behind a proxy that adds a prefix
    const file = await app.request(`/${link}`);
    expect([link, file.status]).toEqual([link, 200]);
    const options = file.headers.get('x-content-type-options');
    expect([link, options]).toEqual([link, link.startsWith('docs/') ? 'nosniff' : options]);
  }
});

it('gives no other file', async () => {
  for (const path of ['package.json', '..%2Fapp.ts', 'index.html', 'constructor']) {
    expect([path, (await app.request(`/docs/${path}`)).status]).toEqual([path, 404]);
  }
});
