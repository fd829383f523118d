/** Memory of a table of flights and of the arena that they land in, as threads share it. */
import { Arena } from '../../src/sync/arena.ts';
import { Doorbell } from '../../src/sync/doorbell.ts';
import { FlightTable, type FlightTableOptions } from '../../src/sync/flight-table.ts';
import { abandon, LOCK_BYTES, LOCK_WORDS } from '../../src/sync/lock-line.ts';
import { SingleFlight, type SingleFlightOptions } from '../../src/sync/single-flight.ts';
import { type Slot, ThreadTable } from '../../src/sync/thread-table.ts';

/** Plain data: goes to workers as it is. */
export interface FlightMemory {
  readonly capacity: number;
  readonly capacityBytes: number;
  readonly locks: Int32Array<SharedArrayBuffer>;
  readonly data: SharedArrayBuffer;
  readonly threads: SharedArrayBuffer;
}

export function flightMemory(capacity = 64, capacityBytes = 2 ** 16): FlightMemory {
  return {
    capacity,
    capacityBytes,
    locks: new Int32Array(new SharedArrayBuffer(2 * LOCK_BYTES)),
    data: new SharedArrayBuffer(flightBytes(capacity) + Arena.bytes(capacityBytes)),
    threads: new SharedArrayBuffer(ThreadTable.bytes),
  };
}

export function copyOfFlights(memory: FlightMemory): FlightMemory {
  const { locks, data, threads } = memory;
  return { ...memory, locks: new Int32Array(locks.buffer.slice()), data: data.slice(), threads: threads.slice() };
}

export interface OpenedFlights<Flights> {
  readonly flights: Flights;
  readonly arena: Arena;
}

/** The table as the thread of `slot` has it. */
export function openTable(memory: FlightMemory, slot: Slot, Table = FlightTable): OpenedFlights<FlightTable> {
  const options = optionsOf(memory, slot);
  return { flights: new Table(options), arena: options.arena };
}

export type Load = SingleFlightOptions['load'];

/** Enters a thread and gives it its flights. Several in one thread stand for as many threads. */
export function openFlights(
  memory: FlightMemory,
  slot: Slot,
  load: Load,
  more: Partial<SingleFlightOptions> = {},
): OpenedFlights<SingleFlight> & Disposable {
  const options = optionsOf(memory, slot);
  options.threads.enter(slot);
  const doorbell = new Doorbell(options.threads, slot);
  const own = { doorbell, timeoutMs: 20_000, maxWaiting: 100_000, load };
  const flights = new SingleFlight({ ...options, ...own, ...more });
  return { flights, arena: options.arena, [Symbol.dispose]: () => doorbell[Symbol.dispose]() };
}

/** What main does when the thread of `slot` is gone. */
export function bury({ locks, threads }: FlightMemory, slot: Slot): void {
  const table = new ThreadTable(threads);
  table.leave(slot);
  abandon(locks, slot, table);
}

function optionsOf({ capacity, capacityBytes, locks, data, threads }: FlightMemory, slot: Slot): FlightTableOptions {
  const options = { name: 'flights', slot, timeoutMs: 10_000 };
  const lock = { locks, line: LOCK_WORDS, options };
  const arena = new Arena({ data, byteOffset: flightBytes(capacity), capacityBytes, lock });
  return {
    data,
    byteOffset: 0,
    capacity,
    seed: [0x1234567, -0x89abcde],
    lock: { locks, line: 0, options },
    arena,
    threads: new ThreadTable(threads),
  };
}

function flightBytes(capacity: number): number {
  return Math.ceil(SingleFlight.bytes(capacity) / 8) * 8;
}
