import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startPublisher, ThreadGauges } from '../../src/metrics/thread-gauges.ts';

const counts = { open: 3, refused: 1, evicted: 2, bodyBytes: 4, bodiesRefused: 5 };

function publisherOf(gauges: ThreadGauges) {
  return startPublisher(gauges, { position: 0, server: () => counts, locks: () => [] });
}

test('a blocked event loop shows in its delay', async () => {
  const gauges = new ThreadGauges(new SharedArrayBuffer(ThreadGauges.bytes(1)));
  const publisher = publisherOf(gauges);
  try {
    for (let turn = 0; turn < 8; turn++) {
      await delay(12);
      const until = performance.now() + 40; // longer than any interval between two looks
      while (performance.now() < until);
    }
    publisher.publish();
    expect(gauges.get(0, 'loopDelayP99Ms'), 'it was blocked for 40 ms').toBeGreaterThan(20);
    expect(gauges.get(0, 'connections')).toBe(3);
  } finally {
    publisher.stop();
  }
});

test('the delay is what the loop was late, without the interval at which it is looked at', async () => {
  const gauges = new ThreadGauges(new SharedArrayBuffer(ThreadGauges.bytes(1)));
  const publisher = publisherOf(gauges);
  try {
    await delay(100); // for the first looks: before them there is no delay at all
    // A busy machine is late now and then, yet not half of the time: wait until most looks were in time.
    await expect
      .poll(() => (publisher.publish(), gauges.get(0, 'loopDelayP50Ms')), { timeout: 4_000, interval: 50 })
      .toBeLessThan(5);
  } finally {
    publisher.stop();
  }
});
