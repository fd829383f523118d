import { expect, it } from 'vitest';
import { OutgoingQueue } from '../../src/rooms/outgoing.ts';

it('lets senders take turns, and keeps the order of each', () => {
  const queue = new OutgoingQueue();
  const begun: string[] = [];
  const underWay: (() => void)[] = [];
  const send = (sender: string, text: string): void =>
    void queue.add(
      {
        begin(done) {
          begun.push(text);
          underWay.push(done);
        },
      },
      sender,
    );
  for (let number = 0; number < 60; number++) send('eager', `eager ${number}`);
  send('other', 'other 0');
  send('other', 'other 1');
  const before = begun.length;
  while (underWay.length > 0) underWay.shift()!();

  expect(begun.slice(before).indexOf('other 0')).toBeLessThanOrEqual(1);
  expect(begun.slice(before).indexOf('other 1')).toBeLessThanOrEqual(3);
  expect(begun.filter((text) => text.startsWith('eager'))).toEqual(
    Array.from({ length: 60 }, (_, number) => `eager ${number}`),
  );
  expect(begun).toHaveLength(62);
});
