import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeadlineError } from '../../src/errors.ts';
import type { CachedDocument } from '../../src/resources/cache.ts';
import type { Call } from '../../src/resources/call.ts';
import { Renderer, type RendererOptions } from '../../src/render/renderer.ts';
import { ManualEngine } from '../support/manual-engine.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function document(etag: string): CachedDocument {
  return { body: new TextEncoder().encode(etag), etag, ageMs: 0, freshForMs: 0 };
}

function client() {
  const abort = new AbortController();
  const call: Call = { remainingMs: 1_000, signal: abort.signal, timing: undefined };
  return { call, leave: () => abort.abort(new DeadlineError(1_000)) };
}

function start(options: Omit<RendererOptions, 'engine'> = {}) {
  const engine = new ManualEngine();
  const renderer = new Renderer({ engine, ...options });
  const page = async (etag: string, { call } = client()) =>
    new TextDecoder().decode(await renderer.page(document(etag), call));
  return { engine, renderer, page };
}

/** Lets the engine finish as many renderings as are wanted, each as the upper case of its document. */
async function finish(engine: ManualEngine, times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    const next = engine.next();
    const { body, finish: done } = engine.runs.at(-1)!;
    done(body.toUpperCase());
    if (time < times - 1) await next;
  }
}

describe('Renderer', () => {
  it('renders one at a time, the same content once for all who ask, and keeps the page', async () => {
    const { engine, renderer, page } = start();
    const pages = [page('a'), page('b'), page('a'), page('a')];
    expect(engine.runs.map(({ body }) => body)).toEqual(['a']);
    await finish(engine, 2);
    expect(await Promise.all(pages)).toEqual(['A', 'B', 'A', 'A']);
    expect(renderer.page(document('a'), client().call)).toBeInstanceOf(Uint8Array); // there at once
    expect(engine.runs.map(({ body }) => body)).toEqual(['a', 'b']);
  });

  it('keeps pages within its memory, least recently used out first', async () => {
    const { engine, page } = start({ pageMemoryBytes: 1_000 });
    const rendered = async (etag: string, bytes = 200) => {
      const before = engine.runs.length;
      const shown = page(etag);
      engine.runs[before]?.finish('x'.repeat(bytes));
      await shown;
      return engine.runs.length > before;
    };
    expect([await rendered('a'), await rendered('b')]).toEqual([true, true]);
    expect(await rendered('a')).toBe(false);
    expect(await rendered('c')).toBe(true);
    expect([await rendered('a'), await rendered('b')]).toEqual([false, true]);
    expect([await rendered('large', 2_000), await rendered('large', 2_000)]).toEqual([true, true]);
  });

  it('refuses one more than may wait, and takes it once there is room', async () => {
    const { engine, page } = start({ maxQueued: 2 });
    const pages = ['a', 'b', 'c'].map((etag) => page(etag));
    await expect(page('d')).rejects.toMatchObject({
      code: 'OVERLOADED',
      message: expect.stringMatching(/^2 documents/) as unknown,
    });
    pages.push(page('c')); // no new rendering, so not refused
    await finish(engine, 1);
    await pages[0];
    pages.push(page('d'));
    await finish(engine, 3);
    expect(await Promise.all(pages)).toEqual(['A', 'B', 'C', 'C', 'D']);
  });

  it('lets each leave by itself, and takes out of the queue what nobody waits for', async () => {
    const { engine, page } = start();
    const [one, other, third] = [client(), client(), client()];
    const running = page('a');
    const pages = [page('b', one), page('b', other), page('c', third), page('d')];
    one.leave();
    third.leave();
    await expect(pages[0]).rejects.toBeInstanceOf(DeadlineError);
    await expect(pages[2]).rejects.toBeInstanceOf(DeadlineError);
    await finish(engine, 3);
    expect(await Promise.all([running, pages[1], pages[3]])).toEqual(['A', 'B', 'D']);
    expect(engine.runs.map(({ body }) => body)).toEqual(['a', 'b', 'd']);
  });

  it('does not begin for a client that has left', async () => {
    const { engine, page } = start();
    const gone = client();
    gone.leave();
    await expect(page('b', gone)).rejects.toBeInstanceOf(DeadlineError);
    expect(engine.runs).toEqual([]);
  });

  it('lets a rendering that has begun end, for a while: its page is kept', async () => {
    const { engine, page } = start({ abandonedMs: 50 });
    const gone = client();
    const left = page('a', gone);
    gone.leave();
    await expect(left).rejects.toBeInstanceOf(DeadlineError);
    vi.advanceTimersByTime(49);
    const joined = page('a'); // and whoever comes meanwhile joins it
    vi.advanceTimersByTime(10);
    expect(engine.runs.map(({ signal }) => signal.aborted)).toEqual([false]);
    await finish(engine, 1);
    expect([await joined, await page('a')]).toEqual(['A', 'A']);
    expect(engine.runs).toHaveLength(1);
  });

  it('ends a rendering that goes on for nobody, and begins anew for who comes then', async () => {
    const { engine, page } = start({ abandonedMs: 50 });
    const gone = client();
    const left = page('a', gone);
    gone.leave();
    await expect(left).rejects.toBeInstanceOf(DeadlineError);
    const next = engine.next();
    vi.advanceTimersByTime(50);
    const again = page('a');
    expect(engine.runs[0]!.signal.aborted).toBe(true);
    await next;
    await finish(engine, 1);
    expect(await again).toBe('A');
  });

  it('tells everybody who waits when it failed, and keeps no failure', async () => {
    const { engine, page } = start();
    const [pages, behind] = [[page('a'), page('a')], page('b')];
    const next = engine.next();
    engine.runs[0]!.fail(new Error('broken'));
    for (const shown of pages) await expect(shown).rejects.toThrow('broken');
    await next;
    const again = page('a');
    await finish(engine, 2);
    expect([await behind, await again]).toEqual(['B', 'A']);
  });

  it('tells everybody who waits, and who comes later, that it closes', async () => {
    const { engine, renderer, page } = start();
    const pages = [page('a'), page('b')];
    await renderer.close();
    for (const shown of [...pages, page('c')]) await expect(shown).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(engine.closed).toBe(true);
  });
});
