import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EmbeddedOrigin } from '../../src/origin/embedded.ts';
import { EmbeddedDocuments } from '../../src/origin/embedded-documents.ts';
import { PortOrigin } from '../../src/origin/port-origin.ts';
import { Tombstones } from '../../src/origin/tombstones.ts';
import { seededRandom } from '../../src/random.ts';
import { startBrokenOrigin } from '../support/broken-origin.ts';
import { documentContract } from './document-contract.ts';
import { INITIAL_DOCUMENTS, originContract, type OriginRig } from './origin-contract.ts';

const TIMEOUT_MS = 500; // as for Redis: a busy machine makes a store of 60 take long

/** The embedded origin behind its ports, with a relay in between that can hold back what is sent. */
function startEmbedded(): OriginRig {
  const embedded = new EmbeddedOrigin({
    latencyMs: 1,
    jitterMs: 1,
    random: seededRandom(1),
    documents: INITIAL_DOCUMENTS,
    documentsMb: 1,
    timeoutMs: TIMEOUT_MS,
  });
  const held: (() => void)[] = [];
  let silent = false;

  const connect = () => {
    const [near, far] = [new MessageChannel(), new MessageChannel()];
    embedded.serve(far.port2);
    near.port2.on('message', (request) => {
      const send = (): void => far.port1.postMessage(request);
      if (silent) held.push(send);
      else send();
    });
    far.port1.on('message', (reply) => near.port2.postMessage(reply));
    return { origin: new PortOrigin(near.port1, TIMEOUT_MS), ports: [near.port2, far.port2] };
  };

  const connections = [connect(), connect()] as const;
  return {
    origin: connections[0].origin,
    other: connections[1].origin,
    timeoutMs: TIMEOUT_MS,
    silence: () => void (silent = true),
    wake() {
      silent = false;
      for (const send of held.splice(0)) send();
    },
    async [Symbol.asyncDispose]() {
      for (const port of connections.flatMap(({ ports }) => ports)) port.close();
    },
  };
}

describe('origin / embedded', () => {
  it.for([...originContract, ...documentContract])('$name', async (promise) => {
    await using rig = startEmbedded();
    await promise.run(rig);
  });
});

describe('documents of the embedded origin', () => {
  const full = { code: 'CAPACITY', outcome: 'not-applied' };
  const large = JSON.stringify('x'.repeat(30_000));

  it('are refused when they would take more than they may, over all cells, and what is there stays', async () => {
    await using rig = startEmbedded(); // which has 1 MiB
    const fitting = Math.floor(2 ** 20 / (30_002 + 192 + 12)); // with a key of 12 characters
    const keys = Array.from({ length: fitting }, (_, at) => `${at % 2 === 0 ? 'one' : 'two'}/cache/${10 + at}`);
    for (const key of keys) await rig.origin.storeDocument(key, large);
    const refused = rig.other.storeDocument('one/cache/99', large);
    await expect(refused).rejects.toThrow(/1 MiB \(ORIGIN_MEMORY_MB\)/);
    await expect(refused).rejects.toMatchObject(full);
    for (const key of keys) expect(await rig.other.loadDocument(key)).toMatchObject({ value: large });
    const [first] = keys as [string];
    await rig.other.storeDocument(first, large); // in the place of another one
    await rig.other.deleteDocument(first);
    await rig.origin.storeDocument(first, large);
    await expect(rig.origin.storeDocument('one/cache/more', large)).rejects.toMatchObject(full);
    expect(await rig.other.loadDocument('one/cache/more')).toMatchObject({ value: undefined });
  });

  it('take nothing any more once they are deleted, however many there were', () => {
    const documents = new EmbeddedDocuments({ documents: 10, capacityBytes: 2 ** 20 });
    for (let at = 0; at < 2_000; at++) {
      expect(documents.store(`one/cache/doc-${at % 20}`, large)).toBeDefined();
      if (at % 2 === 1) documents.store(`one/cache/doc-${at % 20}`, '"ü"');
      expect(documents.delete(`one/cache/doc-${at % 20}`)).toMatchObject({ existed: true });
    }
    expect(documents.bytes).toBe(0);
  });

  it('count two bytes for each character where one of them needs it', () => {
    const documents = new EmbeddedDocuments({ documents: 0, capacityBytes: 2 ** 20 });
    documents.store('one/cache/a', JSON.stringify('x'.repeat(1_000)));
    const ascii = documents.bytes;
    documents.store('one/cache/a', JSON.stringify(`${'x'.repeat(999)}\u{20ac}`));
    expect(documents.bytes - ascii).toBe(1_002);
  });
});

describe('the deletion of written state', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('is forgotten after a while, also when nothing happens any more', () => {
    const forgotten: string[] = [];
    const tombstones = new Tombstones({ ttlMs: 1_000, capacity: 10_000, forget: (key) => forgotten.push(key) });
    for (let at = 0; at < 3_000; at++) tombstones.add(`early-${at}`);
    vi.advanceTimersByTime(600);
    tombstones.add('late');
    tombstones.add('early-0'); // deleted once more
    tombstones.remove('early-1'); // there again
    vi.advanceTimersByTime(399);
    expect(forgotten).toEqual([]);
    vi.advanceTimersByTime(5); // in steps
    expect([forgotten.length, tombstones.size, forgotten.includes('early-1')]).toEqual([2_998, 2, false]);
    vi.advanceTimersByTime(600);
    expect([forgotten.slice(-2), tombstones.size]).toEqual([['late', 'early-0'], 0]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is forgotten early, the oldest first, where there are too many', () => {
    const forgotten: string[] = [];
    const tombstones = new Tombstones({ ttlMs: 1_000, capacity: 3, forget: (key) => forgotten.push(key) });
    for (const key of ['a', 'b', 'c', 'a', 'd']) tombstones.add(key);
    expect([forgotten, tombstones.size]).toEqual([['b'], 3]);
  });
});

describe('a late write', () => {
  it('is ignored after a deletion, as long as that is remembered', async () => {
    await using rig = startEmbedded();
    await rig.origin.store([{ key: 'a', version: 2, value: undefined }]);
    await rig.origin.store([{ key: 'a', version: 1, value: 1 }]);
    expect(await rig.other.load('a')).toMatchObject({ value: undefined, version: 2 });
  });
});

describe('the contract itself', () => {
  it.for([...originContract, ...documentContract])('goes red on a broken origin: $name', async (promise) => {
    await using rig = startBrokenOrigin();
    await expect(promise.run(rig)).rejects.toThrow();
  });
});
