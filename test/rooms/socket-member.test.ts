import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OverloadedError } from '../../src/errors.ts';
import type { Rooms } from '../../src/rooms/rooms.ts';
import { messageFrame, SocketMember } from '../../src/rooms/socket-member.ts';

const TTL_MS = 6_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

class FakeSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  readonly sent: string[] = [];
  pings = 0;
  terminated = false;
  paused = false;
  readonly closes: number[] = [];

  send(frame: string): void {
    this.sent.push(frame);
  }

  ping(): void {
    this.pings += 1;
  }

  close(code: number): void {
    this.readyState = 2;
    this.closes.push(code);
  }

  terminate(): void {
    this.terminated = true;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }
}

function opened(send?: () => Promise<void> | undefined) {
  const socket = new FakeSocket();
  const said: [room: string, frame: string][] = [];
  let beats = 0;
  const rooms = {
    send: send ?? ((room: string, frame: string) => said.push([room, frame])),
    heartbeat: async () => void (beats += 1),
  } as unknown as Rooms;
  const options = { id: 'me', room: 'r', epoch: 1, rooms, ttlMs: TTL_MS };
  const member = new SocketMember(socket as unknown as WebSocket, options);
  const hear = (text: string, isBinary = false): void => void socket.emit('message', Buffer.from(text), isBinary);
  return { socket, member, said, hear, beats: () => beats };
}

describe('a WebSocket in a room', () => {
  it('says what it hears to its room, in its own name', () => {
    const { hear, said } = opened();
    hear('{"a":1}');
    expect(said).toEqual([['r', '{"type":"message","room":"r","from":"me","data":{"a":1}}']]);
    expect(messageFrame('"', '1')).toBe('{"type":"message","room":"\\"","data":1}');
  });

  it('closes with 1013 a receiver for which too much waits, and gives it nothing more', () => {
    const { socket, member } = opened();
    socket.bufferedAmount = 1024 * 1024;
    expect(member.send('a')).toBe(true);
    socket.bufferedAmount += 1;
    expect([member.send('b'), member.send('c')]).toEqual([false, false]);
    expect([socket.sent, socket.closes]).toEqual([['a'], [1013]]);
    vi.advanceTimersByTime(2_000);
    expect(socket.terminated).toBe(true); // it did not answer the close frame either
  });

  it('lets a client say 400 at once and 200 a second after, and closes it with 1008 beyond', () => {
    const { socket, said, hear } = opened();
    for (let at = 0; at < 400; at++) hear('0');
    vi.advanceTimersByTime(500);
    for (let at = 0; at < 100; at++) hear('0');
    expect([said.length, socket.closes]).toEqual([500, []]);
    hear('0');
    expect([said.length, socket.closes]).toEqual([500, [1008]]);
  });

  it('says nothing to the room once it is being closed, and closes once, whatever comes', () => {
    const { socket, said, hear } = opened();
    hear('{');
    expect(socket.closes).toEqual([1007]);
    const timers = vi.getTimerCount();
    vi.advanceTimersByTime(1_000); // by then it may say more again
    for (let at = 0; at < 1_000; at++) hear(at % 2 === 0 ? '1' : '{');
    expect([said, socket.closes, vi.getTimerCount()]).toEqual([[], [1007], timers]);
  });

  it('takes binary frames for a mistake', () => {
    const { socket, said, hear } = opened();
    hear('1', true);
    expect([said, socket.closes]).toEqual([[], [1003]]);
  });

  it('asks for a sign of life three times in a time to live, and ends who gives none', () => {
    const { socket } = opened();
    vi.advanceTimersByTime(TTL_MS);
    expect([socket.pings, socket.terminated]).toEqual([3, false]);
    vi.advanceTimersByTime(TTL_MS / 3);
    expect(socket.terminated).toBe(true);
  });

  it('keeps who answers, and tells the map of it a few times in a time to live, however much it says', () => {
    const { socket, hear, beats } = opened();
    for (let at = 0; at < 100; at++) {
      vi.advanceTimersByTime(TTL_MS / 50);
      socket.emit('pong');
      hear('1');
    }
    expect(socket.terminated).toBe(false);
    expect(beats()).toBeGreaterThanOrEqual(2 * 3);
    expect(beats()).toBeLessThanOrEqual(2 * 6);
  });

  it('is not read from while too much waits to be sent, nor taken for dead meanwhile', async () => {
    const ready = Promise.withResolvers<void>();
    const { socket, hear } = opened(() => ready.promise);
    hear('1');
    hear('2'); // was read already
    expect([socket.paused, socket.closes]).toEqual([true, []]);
    vi.advanceTimersByTime(3 * TTL_MS);
    expect(socket.terminated).toBe(false);
    ready.resolve();
    await ready.promise;
    expect(socket.paused).toBe(false);
    vi.advanceTimersByTime(3 * TTL_MS);
    expect(socket.terminated).toBe(true); // it is silent now
  });

  it('is read from while it is being closed, and closed with 1013 when it has said too much to wait', () => {
    let waits = 0;
    const { socket, hear } = opened(() => {
      waits += 1;
      if (waits === 2) throw new OverloadedError('too many wait');
      return new Promise(() => {});
    });
    hear('1');
    expect(socket.paused).toBe(true);
    hear('2');
    expect([socket.paused, socket.closes]).toEqual([false, [1013]]);
  });

  it('is not asked for a sign of life at the same moment as all that came with it', () => {
    const sockets = Array.from({ length: 1_000 }, () => opened().socket);
    const asked = (): number => sockets.reduce((sum, { pings }) => sum + pings, 0);
    let most = 0;
    for (let part = 0, before = 0; part < 20; part++, before = asked()) {
      vi.advanceTimersByTime(TTL_MS / 3 / 20);
      most = Math.max(most, asked() - before);
    }
    expect(asked()).toBe(1_000);
    expect(most).toBeLessThan(200);
  });

  it('lets go of its timer', () => {
    const { member } = opened();
    member[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
  });
});
