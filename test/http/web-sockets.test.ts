import { EventEmitter, once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Hono } from 'hono';
import { WebSocket, type WebSocketServer } from 'ws';
import { describe, expect, it } from 'vitest';
import { WebSockets } from '../../src/http/web-sockets.ts';
import { closeSocket } from '../../src/rooms/socket-member.ts';

/** A WebSocket whose client answers a close frame a turn later. */
class QuickSocket extends EventEmitter {
  readonly OPEN = WebSocket.OPEN;
  readonly CLOSED = WebSocket.CLOSED;
  readyState: number = WebSocket.OPEN;

  close(): void {
    if (this.readyState !== WebSocket.OPEN) return;
    this.readyState = WebSocket.CLOSING;
    setImmediate(() => this.terminate());
  }

  terminate(): void {
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    this.emit('close');
  }
}

describe('the WebSockets of a thread that ends', () => {
  const COUNT = 1_000;

  function open() {
    const webSockets = new WebSockets(new Hono(), () => false);
    const { clients } = webSockets.adaptor.websocket!.server as unknown as WebSocketServer;
    const sockets = Array.from({ length: COUNT }, () => new QuickSocket());
    for (const socket of sockets) clients.add(socket as unknown as WebSocket);
    const told = () => sockets.filter(({ readyState }) => readyState !== WebSocket.OPEN).length;
    return { webSockets, sockets, told };
  }

  it('are closed a few in each turn of the event loop, and all of them', async () => {
    const { webSockets, told } = open();
    const closed = webSockets.close('the service is shutting down');
    const inEachTurn: number[] = [];
    for (let before = 0; before < COUNT; before = told()) {
      inEachTurn.push(told() - before);
      await nextTurn();
    }
    await closed;
    expect(told()).toBe(COUNT);
    expect(Math.max(...inEachTurn)).toBeLessThan(COUNT / 4);
    expect(inEachTurn.length).toBeGreaterThan(4);
  });

  it('may close by themselves before their turn comes', async () => {
    const { webSockets, sockets, told } = open();
    const closed = webSockets.close('the service is shutting down');
    sockets.at(-1)!.terminate();
    await closed;
    expect(told()).toBe(COUNT);
  });

  it('are waited for no longer once they have closed', async () => {
    const socket = new QuickSocket();
    const gone = once(socket, 'close');
    socket.close();
    await gone;
    await closeSocket(socket as unknown as WebSocket, 1001, 'gone');
    expect(socket.listenerCount('close')).toBe(0);
  });
});
