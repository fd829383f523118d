import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { EmbeddedOrigin } from '../../src/origin/embedded.ts';
import { PortOrigin } from '../../src/origin/port-origin.ts';
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

describe('deletions', () => {
  it('are forgotten after a while, two with each other one, and only those that still are', async () => {
    let nowMs = 0;
    const fast = { latencyMs: 0, jitterMs: 0, random: seededRandom(1), documents: 0 };
    const embedded = new EmbeddedOrigin({ ...fast, now: () => nowMs });
    const { port1, port2 } = new MessageChannel();
    embedded.serve(port2);
    const origin = new PortOrigin(port1, TIMEOUT_MS);
    const store = (key: string, version: number, value?: number) => origin.store([{ key, version, value }]);

    for (const key of ['a', 'b', 'c', 'd']) await store(key, 1);
    await store('b', 2, 7);
    nowMs += 599_999;
    await store('e', 1);
    expect(embedded.keys).toBe(5);
    await store('a', 0, 1); // late, and older than the deletion
    expect(embedded.newest('a')).toMatchObject({ value: undefined });
    nowMs += 1;
    await store('f', 1);
    expect(embedded.keys).toBe(4); // a and c are gone, b is back, d and e come next
    await store('g', 1);
    expect(embedded.keys).toBe(4); // e is too young
    expect(embedded.newest('b')).toMatchObject({ value: 7 });
    port2.close();
  });
});

describe('the contract itself', () => {
  it.for([...originContract, ...documentContract])('goes red on a broken origin: $name', async (promise) => {
    await using rig = startBrokenOrigin();
    await expect(promise.run(rig)).rejects.toThrow();
  });
});
