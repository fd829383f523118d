import { afterEach, describe, expect, it } from 'vitest';
import { OverloadedError } from '../../src/errors.ts';
import type { Connections } from '../../src/resources/connections.ts';
import { FanOut, SENDS_PER_TURN } from '../../src/rooms/fan-out.ts';
import { MAX_WAITING } from '../../src/rooms/outgoing.ts';
import type { Member } from '../../src/rooms/room-members.ts';
import { Rooms } from '../../src/rooms/rooms.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let channels = 0;

/** The rooms of so many threads, all in this one. */
function threadsOf(count: number) {
  channels += 1;
  const threads = new ThreadTable(new SharedArrayBuffer(ThreadTable.bytes));
  return Array.from({ length: count }, (_, position) => {
    const slot = ThreadTable.slot(position, 0);
    threads.enter(slot);
    threads.markServing(slot);
    const fanOut = new FanOut();
    const rooms = new Rooms({
      channel: `test ${channels}`,
      thread: { slot, threads } as never,
      threads: count,
      connections: {} as Connections,
      fanOut,
    });
    cleanups.push(() => rooms[Symbol.dispose]());
    return { rooms, fanOut };
  });
}

/** Members that keep what they get. */
function fill(rooms: Rooms, room: string, count: number) {
  const got: string[][] = [];
  for (let number = 0; number < count; number++) {
    const frames: string[] = [];
    got.push(frames);
    const send = (frame: string): boolean => frames.push(frame) > 0;
    rooms.members.add({ id: `${number}`, room, epoch: 1, send, close() {} } satisfies Member);
  }
  return { got, total: () => got.reduce((sum, frames) => sum + frames.length, 0) };
}

describe('a burst to a large room', () => {
  it('is handed out a little in each turn of the event loop, in order, to everybody', async () => {
    const { rooms } = threadsOf(1)[0]!;
    const { got, total } = fill(rooms, 'r', 1_000);
    const frames = Array.from({ length: 40 }, (_, number) => `${number}`);
    for (const frame of frames) void rooms.send('r', frame);
    expect(total()).toBe(0);
    let largest = 0;
    for (let before = 0; before < 40_000;) {
      await turn();
      largest = Math.max(largest, total() - before);
      before = total();
    }
    expect(largest).toBeLessThanOrEqual(2 * SENDS_PER_TURN);
    for (const received of got) expect(received).toEqual(frames);
  });

  it('is counted whole, also where others come and go meanwhile', async () => {
    const { rooms } = threadsOf(1)[0]!;
    fill(rooms, 'r', 500);
    const leaving: Member = { id: 'leaving', room: 'r', epoch: 1, send: () => false, close() {} };
    rooms.members.add(leaving);
    const counted = rooms.sendCounted('r', 'a');
    await turn();
    rooms.members.remove(leaving);
    expect(await counted).toBe(500);
    expect(await rooms.sendCounted('empty', 'a')).toBe(0);
  });

  it('slows down who sends it, and is refused beyond a bound: what is refused goes to nobody', async () => {
    const { rooms } = threadsOf(1)[0]!;
    const { total } = fill(rooms, 'r', 1);
    let slow: Promise<void> | undefined;
    let sent = 0;
    const send = (): void => {
      for (; sent <= 2 * MAX_WAITING; sent++) {
        const ready = rooms.send('r', `${sent}`);
        slow ??= ready;
      }
    };
    expect(send).toThrow(OverloadedError);
    expect(sent).toBeGreaterThanOrEqual(MAX_WAITING);
    expect(sent).toBeLessThan(MAX_WAITING + 100);
    await expect(rooms.sendCounted('r', 'over HTTP')).rejects.toThrow(OverloadedError);
    await slow;
    while (total() < sent) await turn();
    expect(await rooms.sendCounted('r', 'now')).toBe(1);
    expect(total()).toBe(sent + 1);
  });

  it('leaves out what nobody waits for any more when its turn comes', async () => {
    const { rooms } = threadsOf(1)[0]!;
    const { got } = fill(rooms, 'r', 100);
    const gone = new AbortController();
    for (let number = 0; number < 20; number++) void rooms.send('r', 'before');
    const counted = rooms.sendCounted('r', 'gone', { signal: gone.signal });
    gone.abort(new Error('gone'));
    await expect(counted).rejects.toThrow('gone');
    expect(await rooms.sendCounted('r', 'after')).toBe(100);
    expect(new Set(got[0])).toEqual(new Set(['before', 'after']));
  });
});

describe('messages between threads', () => {
  it('reach the members of all, in order, and are counted', async () => {
    const [one, two, three] = threadsOf(3);
    const here = fill(one!.rooms, 'r', 3);
    const there = fill(two!.rooms, 'r', 200);
    fill(three!.rooms, 'elsewhere', 5);
    for (let number = 0; number < 50; number++) void one!.rooms.send('r', `${number}`);
    expect(await one!.rooms.sendCounted('r', 'last')).toBe(203);
    const all = [...Array.from({ length: 50 }, (_, number) => `${number}`), 'last'];
    for (const received of [...here.got, ...there.got]) expect(received).toEqual(all);
  });

  it('wait at their sender, not at a thread that has more to hand out', async () => {
    const [one, two] = threadsOf(2);
    const { total } = fill(two!.rooms, 'r', 500);
    let slow: Promise<void> | undefined;
    for (let number = 0; number < 300; number++) slow = one!.rooms.send('r', `${number}`);
    expect(slow).toBeInstanceOf(Promise); // though it has no members itself
    let most = 0;
    while (total() < 300 * 500) {
      await turn();
      most = Math.max(most, two!.fanOut.length);
    }
    expect(most).toBeLessThanOrEqual(16);
    await slow;
  });

  it('end quietly once the rooms are closed', () => {
    const [one] = threadsOf(2);
    one!.rooms[Symbol.dispose]();
    expect(() => one!.rooms.closeFormer('id', { holder: ThreadTable.slot(1, 0) })).not.toThrow();
  });
});
