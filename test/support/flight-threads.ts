/** Three threads with flights, in one, whose loads the test ends. */
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach } from 'vitest';
import type { SingleFlight, Ticket } from '../../src/sync/single-flight.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { type FlightMemory, openFlights } from './flight-memory.ts';

/** A load that the test ends. */
export interface Begun {
  readonly by: number;
  readonly key: string;
  readonly ticket: Ticket;
  readonly bring: (value: Uint8Array<ArrayBuffer> | undefined) => void;
  readonly fail: (error: unknown) => void;
}

export const bytes = (text: string): Uint8Array<ArrayBuffer> => Buffer.from(text);
export const text = ({ value }: { value: Uint8Array<ArrayBuffer> | undefined }): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString();

let stack: DisposableStack;

/** All loads of a test, in the order of their beginning. */
export const begun: Begun[] = [];
beforeEach(() => {
  stack = new DisposableStack();
  begun.length = 0;
});
afterEach(() => stack.dispose());

/** Disposes of it when the test is over. */
export const use = <T extends Disposable>(resource: T): T => stack.use(resource);

export function threeThreads(memory: FlightMemory, more: Parameters<typeof openFlights>[3] = {}) {
  const opened = [0, 1, 2].map((by) =>
    stack.use(
      openFlights(
        memory,
        ThreadTable.slot(by, 0),
        (key, ticket) =>
          new Promise((bring, fail) => {
            begun.push({ by, key, ticket, bring, fail });
          }),
        more,
      ),
    ),
  );
  const [a, b, c] = opened.map(({ flights }) => flights) as [SingleFlight, SingleFlight, SingleFlight];
  const { arena } = opened[0]!;
  return {
    a,
    b,
    c,
    left: () => [a.count, arena.used, a.waiting, b.waiting, c.waiting, ...a.verify(), ...arena.verify()],
  };
}

/** What `left` gives when nothing is left. */
export const NOTHING = [0, 0, 0, 0, 0];

/** Until `isSo`, for which others must have had their turn. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turn();
}
