import { describe, expect, it } from 'vitest';
import { FlightLayout, FOUND } from '../../src/sync/flight-layout.ts';
import { FlightTable } from '../../src/sync/flight-table.ts';
import { ThreadTable } from '../../src/sync/thread-table.ts';
import { liveFor } from '../support/crash-memory.ts';
import { bury, copyOfFlights, flightMemory, type FlightMemory, openTable } from '../support/flight-memory.ts';
import { PatchedSource, type Patch } from '../support/patched-source.ts';

const [FIRST, WAITER, LOADER, SECOND, LAST] = [0, 1, 2, 3, 4].map((position) => ThreadTable.slot(position, 0)) as [
  ...[number, number, number, number, number],
];
/** Takes the place of the first. */
const SUCCESSOR = ThreadTable.slot(0, 1);
const VALUE = { phase: FOUND, payload: Buffer.from('value') } as const;

/** The first flight gets the last record of the free list. */
const OF_KEY = 3;
const CAPACITY = 4;

interface Change {
  readonly name: string;
  /** @returns the token of the flight of `key`, when somebody loads it */
  readonly before: (on: (slot: number) => FlightTable, memory: FlightMemory) => number | undefined;
  readonly change: (table: FlightTable, token: number) => void;
}

const joined = (table: FlightTable, key = 'key'): number | undefined => table.join(key)?.token;

/** `by` loads `key`, and each of `waiters` waits for it. */
function flying(by: number, ...waiters: number[]): Change['before'] {
  return (on) => {
    const token = joined(on(by));
    for (const waiter of waiters) joined(on(waiter));
    return token;
  };
}

function landed(by: number, ...waiters: number[]): Change['before'] {
  return (on, memory) => {
    const token = flying(by, ...waiters)(on, memory)!;
    on(by).land(OF_KEY, token, VALUE);
    return undefined;
  };
}

const changes: Change[] = [
  { name: 'a first join', before: () => undefined, change: (table) => table.join('key') },
  { name: 'a join of another key', before: flying(LOADER, WAITER), change: (table) => table.join('other') },
  { name: 'a join of a flight', before: flying(LOADER, WAITER), change: (table) => table.join('key') },
  {
    name: 'a join that takes over',
    before(on, memory) {
      const token = flying(LOADER, WAITER)(on, memory);
      new ThreadTable(memory.threads).leave(LOADER);
      return token;
    },
    change: (table) => table.join('key'),
  },
  {
    name: 'a look that takes over',
    before(on, memory) {
      const token = flying(LOADER, FIRST, WAITER)(on, memory);
      new ThreadTable(memory.threads).leave(LOADER);
      return token;
    },
    change: (table) => table.attend(OF_KEY, true),
  },
  { name: 'a void', before: flying(LOADER, WAITER), change: (table) => table.void('key') },
  { name: 'a void of its own', before: flying(FIRST, WAITER), change: (table) => table.void('key') },
  { name: 'a landing', before: flying(FIRST), change: (table, token) => table.land(OF_KEY, token, VALUE) },
  {
    name: 'a landing that is awaited',
    before: flying(FIRST, WAITER),
    change: (table, token) => table.land(OF_KEY, token, VALUE),
  },
  {
    name: 'a landing of what was voided',
    before(on, memory) {
      const token = flying(FIRST, WAITER)(on, memory);
      on(LOADER).void('key');
      return token;
    },
    change: (table, token) => table.land(OF_KEY, token, VALUE),
  },
  { name: 'a look at a landing', before: landed(LOADER, FIRST, WAITER), change: (table) => table.attend(OF_KEY, true) },
  { name: 'the last look at a landing', before: landed(LOADER, FIRST), change: (table) => table.attend(OF_KEY, true) },
  { name: 'a departure', before: landed(LOADER, FIRST), change: (table) => table.attend(OF_KEY, false) },
];

describe.each(changes)('a thread that dies at any write of $name', (change) => {
  it('leaves flights that end, and nothing else', () => {
    const { wrong, lives } = crashEverywhere(change, FlightTable);
    expect(wrong).toEqual([]);
    expect(lives).toBeGreaterThan(20);
  });
});

describe('such deaths uncover', () => {
  const bugs: Record<string, Patch> = {
    'a table without a repair': {
      file: 'sync/flight-table.ts',
      from: 'repair: () => this.#rebuild()',
      to: '',
    },
    'a repair that keeps what was about to land': {
      file: 'sync/flight-table.ts',
      from: 'if (phase <= VOID || isOver) this.#dropPayload(at);',
      to: '',
    },
    'a repair that forgets flights': {
      file: 'sync/flight-table.ts',
      from: 'else if (phase === LOADING) this.#index.link(record);',
      to: '',
    },
    'a landing that is told before its value is there': {
      file: 'sync/flight-table.ts',
      from: 'const kept = payload === undefined',
      to: 'Atomics.store(this.#words, at + STATE, (state & GENERATION) | phase);\n      const kept = payload === undefined',
    },
    'a takeover by one who is not named': {
      file: 'sync/flight-table.ts',
      from: 'this.#words[at + LOADER] = this.#slot;',
      to: '',
    },
  };

  it.each(Object.entries(bugs))('%s', async (_, patch) => {
    using source = new PatchedSource([patch]);
    const patched = (await import(new URL('sync/flight-table.ts', source.href).href)) as {
      FlightTable: typeof FlightTable;
    };
    expect(changes.some((change) => crashEverywhere(change, patched.FlightTable).wrong.length > 0)).toBe(true);
  });
});

/** Kills the writer at each of its writes, and for each of those the one that repairs at each of its own. */
function crashEverywhere({ before, change }: Change, Table: typeof FlightTable): { wrong: string[]; lives: number } {
  const prepared = flightMemory(CAPACITY, 400);
  const threads = new ThreadTable(prepared.threads);
  openTable(prepared, LAST, Table).flights.attach();
  for (const slot of [FIRST, WAITER, LOADER, SECOND, LAST]) threads.enter(slot);
  const token = before((slot) => openTable(prepared, slot, Table).flights, prepared);

  const wrong: string[] = [];
  let lives = 0;
  for (let writes = 0, dies = true; dies; writes++) {
    const memory = copyOfFlights(prepared);
    dies = live(memory, FIRST, writes, Table, (table) => change(table, token ?? 0));
    if (!dies) bury(memory, FIRST);
    for (let repairs = 0, diesToo = true; diesToo; repairs++, lives++) {
      const again = copyOfFlights(memory);
      diesToo = live(again, SECOND, repairs, Table, (table) => table.verify());
      const where = `died at write ${writes}, its successor at ${repairs}: `;
      try {
        wrong.push(...ended(again, token, Table).map((problem) => where + problem));
      } catch (error) {
        wrong.push(where + String(error));
      }
      if (wrong.length > 10) return { wrong, lives };
    }
  }
  return { wrong, lives };
}

/** Ends all that is on its way as the living would. @returns what is wrong then */
function ended(memory: FlightMemory, token: number | undefined, Table: typeof FlightTable): string[] {
  const early = openTable(memory, LAST, Table).flights.verify();
  new ThreadTable(memory.threads).enter(SUCCESSOR);
  openTable(memory, SUCCESSOR, Table).flights.attach();
  const last = openTable(memory, LAST, Table);
  const repaired = early.filter((problem) => !problem.startsWith('nobody waits')); // which is for the successor to end
  const wrong = [...repaired, ...last.flights.verify(), ...last.arena.verify()];
  for (const key of ['key', 'other', 'key']) {
    const begun = last.flights.join(key);
    if (begun === undefined) wrong.push(`there is no room for ${key}`);
    else if (begun.token !== undefined) last.flights.land(begun.record, begun.token, VALUE);
    else {
      const loader = openTable(memory, LOADER, Table).flights; // the only one alive that may be loading
      loader.land(begun.record, token!, VALUE);
      if (last.flights.attend(begun.record, true) === 'waiting') wrong.push(`${key} does not land`);
    }
  }
  const waiter = openTable(memory, WAITER, Table).flights;
  for (let record = 0; record < CAPACITY; record++) {
    while (waits(memory, record, WAITER)) {
      const seen = waiter.attend(record, true);
      if (seen === 'waiting') openTable(memory, LOADER, Table).flights.land(record, token!, VALUE);
      else if (seen === 'left') wrong.push('the waiter left a flight that it wants');
      else if ('token' in seen) waiter.land(record, seen.token!, VALUE);
      else if (Buffer.from(seen.payload ?? []).toString() !== 'value') wrong.push(`the waiter was told ${seen.phase}`);
    }
  }
  if (last.flights.count !== 0) wrong.push(`${last.flights.count} flights do not end`);
  if (last.arena.used !== 0) wrong.push(`${last.arena.used} bytes are lost`);
  return [...wrong, ...last.flights.verify()];
}

function waits({ data }: FlightMemory, record: number, slot: number): boolean {
  const words = new Int32Array(data);
  return ((words[new FlightLayout(0, CAPACITY).record(record) + 1]! >>> ThreadTable.positionOf(slot)) & 1) === 1;
}

/** One life of a thread on the table, and its burial if it dies. @returns whether it did */
function live(
  memory: FlightMemory,
  slot: number,
  writes: number,
  Table: typeof FlightTable,
  act: (table: FlightTable) => void,
): boolean {
  const { crashed } = liveFor(writes, [memory.data], (wrap) => {
    act(openTable({ ...memory, locks: wrap(memory.locks) }, slot, Table).flights);
  });
  if (crashed) bury(memory, slot);
  return crashed;
}
