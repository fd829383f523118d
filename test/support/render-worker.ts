/** A worker that does as its document says, for the tests of the pool. */
import { threadId } from 'node:worker_threads';

export default function render(body: string): Uint8Array {
  const { value } = JSON.parse(body) as { value: string };
  const channel = new BroadcastChannel('render-test');
  channel.postMessage(value);
  channel.close();
  if (value === 'exits') process.exit(3);
  if (value === 'throws') throw new TypeError('no such thing');
  if (value === 'hangs') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  if (value === 'devours') {
    const kept = [0.5];
    for (;;) kept.push(...kept.slice(0, 50_000));
  }
  return new TextEncoder().encode(`${value} on ${threadId} with ${Object.keys(process.env).length} settings`);
}
