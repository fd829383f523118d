/** One address and port is one service's, however many start at once. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { AddressInUseError, claimPort } from '../../src/threads/port-claim.ts';
import { anyStrategy } from '../support/served.ts';
import { startServiceUnderTest } from '../support/service.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** One that nothing listens on at the moment. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** How many of the claims were had; all are given back. */
async function had(port: number, addresses: readonly string[]): Promise<number> {
  const claims = await Promise.allSettled(addresses.map((address) => claimPort(address, port)));
  const held = claims.flatMap((claim) => (claim.status === 'fulfilled' ? [claim.value] : []));
  const reasons = claims.flatMap((claim) => (claim.status === 'rejected' ? [claim.reason] : []));
  expect(reasons.every((reason) => reason instanceof AddressInUseError)).toBe(true);
  await Promise.all(held.map((claim) => claim?.[Symbol.asyncDispose]()));
  return held.length;
}

describe.skipIf(process.platform !== 'linux')('a claim', () => {
  it.for([
    { addresses: ['127.0.0.1', '127.0.0.1', '127.0.0.1'], most: 1 },
    { addresses: ['0.0.0.0', '127.0.0.1'], most: 1 },
    { addresses: ['::', '127.0.0.1'], most: 1 },
    { addresses: ['::', '::1'], most: 1 },
    { addresses: ['::ffff:127.0.0.1', '127.0.0.1'], most: 1 },
    { addresses: ['127.0.0.1', '127.0.0.2', '::1'], most: 3 },
    { addresses: ['0.0.0.0', '::1'], most: 2 },
  ])('of $addresses at once is had by $most', async ({ addresses, most }) => {
    const port = await freePort();
    expect(await had(port, addresses)).toBe(most);
    expect(await had(port, addresses.toReversed())).toBe(most); // and what was given back can be had again
  });

  it('names the address, the port, and who has it', async () => {
    const port = await freePort();
    await using _held = await claimPort('127.0.0.1', port);
    await expect(claimPort('0.0.0.0', port)).rejects.toThrow(
      `EADDRINUSE: address already in use 0.0.0.0:${port}, by another service on 127.0.0.1`,
    );
  });
});

/** Starts the service and resolves with what became of it: its exit code and output, or that it listens. */
function start(port: number, host: string) {
  const env = { PATH: process.env['PATH'], PORT: String(port), HOST: host, THREADS: '2', STRATEGIES: anyStrategy.name };
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const listening = new Promise<'listens'>((resolve) => {
    child.stdout.on('data', (lines) => String(lines).includes('listening on') && resolve('listens'));
  });
  const ended = Promise.all([once(child, 'exit'), text(child.stdout)]).then(([[code], output]) => ({ code, output }));
  return { child, ended, outcome: Promise.race([listening, ended]) };
}

describe('several starts at once', () => {
  it.for([
    { name: 'on the same address', hosts: ['127.0.0.1', '127.0.0.1', '127.0.0.1'] },
    { name: 'on addresses that overlap', hosts: ['0.0.0.0', '127.0.0.1'] },
  ])('$name: one listens, and the others say who does', async ({ hosts }) => {
    const port = await freePort();
    const starts = hosts.map((host) => start(port, host));
    const outcomes = await Promise.all(starts.map(({ outcome }) => outcome));
    const refused = outcomes.filter((outcome) => outcome !== 'listens');
    expect(refused).toHaveLength(hosts.length - 1);
    for (const { code, output } of refused) {
      expect(code).toBe(1);
      expect(output).toMatch(new RegExp(`EADDRINUSE: address already in use [\\d.]+:${port}`));
    }
    const values: number[] = [];
    for (let time = 0; time < 6; time++) {
      const url = `http://127.0.0.1:${port}/v1/${anyStrategy.name}/counters/one/increment`;
      const answer = await fetch(url, { method: 'POST', headers: { connection: 'close' } });
      values.push(((await answer.json()) as { value: number }).value);
    }
    expect(values).toEqual([1, 2, 3, 4, 5, 6]);
    for (const { child } of starts) child.kill('SIGKILL');
    await Promise.all(starts.map(({ ended }) => ended));
    // A crash gives it back at once.
    await using successor = await startServiceUnderTest({ PORT: String(port), STRATEGIES: anyStrategy.name });
    expect(successor.url).toContain(String(port));
  });
});
