/** Many WebSockets in a room, and what the connection map says of them. */
import { expect } from 'vitest';
import { SocketClient } from './socket-client.ts';

/** So many that hardly ever all are on one thread. */
export const CROWD = 12;

interface Listing {
  readonly connections: { readonly id: string }[];
  readonly total: number;
}

export async function listing(base: string, room: string): Promise<Listing> {
  return (await (await fetch(`${base}/connections?room=${room}&limit=1000`)).json()) as Listing;
}

export const idsIn = async (base: string, room: string) => (await listing(base, room)).connections.map(({ id }) => id);

/** Asks until it is so: for what the service does by itself, a moment later. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const untilMs = Date.now() + 10_000; // less than the time to live
  while (!(await isSo())) expect(Date.now()).toBeLessThan(untilMs);
}

export const crowd = (base: string, room: string) =>
  Promise.all(Array.from({ length: CROWD }, (_, at) => SocketClient.open(base, { room, id: `${room}-${at}` })));
