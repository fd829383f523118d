import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { initialValue } from '../../src/origin/initial-documents.ts';
import { inlineEngine } from '../../src/render/inline.ts';
import { RenderPool } from '../../src/render/pool.ts';

const worker = new URL('../support/render-worker.ts', import.meta.url);
const never = new AbortController().signal;

/** A pool whose worker does as its documents say. */
function startPool() {
  const pool = new RenderPool(worker);
  const channel = new BroadcastChannel('render-test');
  const run = async (value: string, signal = never) =>
    new TextDecoder().decode(await pool.run(JSON.stringify({ value }), signal));
  return {
    run,
    /** Resolves once the worker has begun with the next document. */
    begun: () => once(channel, 'message'),
    async [Symbol.asyncDispose]() {
      channel.close();
      await pool.close();
    },
  };
}

describe('RenderPool', () => {
  it('renders as the event loop would', async () => {
    await using pool = Object.assign(new RenderPool(), { [Symbol.asyncDispose]: () => pool.close() });
    for (const value of [initialValue(1), '"# ü\\n<script>x</script>"', '{"a":["<b>"]}', 'null']) {
      const body = `{"key":"k","value":${value}}`;
      const page = await pool.run(body, never);
      expect(page).toEqual(await inlineEngine.run(body, never));
      expect(page.buffer).toBeInstanceOf(ArrayBuffer);
    }
  });

  it('has one worker, which sees none of our settings', async () => {
    await using pool = startPool();
    const first = await pool.run('a');
    expect(first).toMatch(/^a on \d+ with 0 settings$/);
    expect(await pool.run('a')).toBe(first);
  });

  it('says so to the document whose worker ended, and renders the next with another', async () => {
    await using pool = startPool();
    const before = await pool.run('a');
    await expect(pool.run('exits')).rejects.toMatchObject({
      code: 'INTERNAL',
      outcome: 'not-applied',
      message: expect.stringMatching(/^the document was not rendered \(worker exited with code: 3\)/) as unknown,
    });
    const after = await pool.run('a');
    expect(after).toMatch(/^a on/);
    expect(after).not.toBe(before);
  });

  it('outlives a document that devours its memory', async () => {
    await using pool = startPool();
    await expect(pool.run('devours')).rejects.toThrow(/not rendered .*memory/);
    expect(await pool.run('a')).toMatch(/^a on/);
  });

  it('passes an error of the worker on', async () => {
    await using pool = startPool();
    await expect(pool.run('throws')).rejects.toThrow(/not rendered \(no such thing\)/);
    expect(await pool.run('a')).toMatch(/^a on/);
  });

  it('ends a document that is aborted, and its worker', async () => {
    await using pool = startPool();
    const abort = new AbortController();
    const begun = pool.begun();
    const page = pool.run('hangs', abort.signal);
    await begun;
    abort.abort(new Error('taken back'));
    await expect(page).rejects.toThrow('taken back');
    expect(await pool.run('a')).toMatch(/^a on/);
  });

  it('fails what is under way when it closes, and starts no worker before it is needed', async () => {
    const unused = new RenderPool(new URL('file:///nowhere/at-all.ts'));
    await unused.close();
    const { run, begun, [Symbol.asyncDispose]: close } = startPool();
    const hangs = begun();
    const page = Promise.allSettled([run('hangs')]);
    await hangs;
    await close();
    expect(await page).toMatchObject([{ status: 'rejected', reason: { code: 'INTERNAL' } }]);
  });
});
