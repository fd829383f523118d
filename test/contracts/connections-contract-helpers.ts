/** What the cases of the connection map's contract have in common. */
import { expect } from 'vitest';
import type { Connection, Registration } from '../../src/resources/connections.ts';
import type { Rig } from '../support/rig.ts';
import type { AsyncConnections } from '../support/rig-operations.ts';

export const everywhere = (rig: Rig): AsyncConnections[] =>
  Array.from({ length: rig.threads }, (_, at) => rig.connectionsOn(at));
export const last = (rig: Rig): AsyncConnections => rig.connectionsOn(rig.threads - 1);

export function inRoom(room: string, holder?: number): Registration {
  return { room, details: JSON.stringify({ room }).slice(1, -1), holder };
}

/** Every connection of a room, or altogether, page by page, with each page's total. */
export async function listed(connections: AsyncConnections, room?: string, limit = 1000) {
  const found: Connection[] = [];
  const totals: number[] = [];
  let cursor: number | undefined = 0;
  do {
    expect(totals.length).toBeLessThan(1000);
    const page: Awaited<ReturnType<AsyncConnections['list']>> = await connections.list({ room, limit, cursor });
    found.push(...page.connections);
    totals.push(page.total);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return { found, totals, ids: found.map(({ id }) => id).toSorted() };
}

/** Asks until the answer is the wanted one: for what time alone brings about. */
export async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const untilMs = Date.now() + 20_000;
  while (!(await isSo())) expect(Date.now()).toBeLessThan(untilMs);
}

export const SHORT = { CONNECTION_TTL_MS: '150' };
