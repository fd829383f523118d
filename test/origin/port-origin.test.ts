import { MessageChannel } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { EmbeddedOrigin } from '../../src/origin/embedded.ts';
import type { OriginWrite } from '../../src/origin/origin.ts';
import { PortOrigin } from '../../src/origin/port-origin.ts';

it('fails a write that cannot be posted, alone and at once, with nothing stored of it', async () => {
  const { port1, port2 } = new MessageChannel();
  const embedded = new EmbeddedOrigin({
    documents: 0,
    documentsMb: 1,
    latencyMs: 0,
    jitterMs: 0,
    timeoutMs: 1_000,
    random: () => 0,
  });
  embedded.serve(port2);
  const origin = new PortOrigin(port1, 60_000); // longer than a test may take
  const odd = { key: 'odd', value: () => {}, version: 1 } as unknown as OriginWrite;
  const stores = await Promise.allSettled([
    origin.store([{ key: 'a', value: 1, version: 1 }]),
    origin.store([odd]),
    origin.store([{ key: 'b', value: 2, version: 1 }]),
  ]);
  expect(stores).toMatchObject([
    { status: 'fulfilled' },
    { reason: { code: 'ORIGIN_FAILED', outcome: 'not-applied' } },
    { status: 'fulfilled' },
  ]);
  expect(embedded.newest('odd')).toBeUndefined();
  expect(embedded.newest('b')).toMatchObject({ version: 1 });
  port1.close();
});
