/**
 * Counts requests and their durations by route, in shared memory: a line of counts per thread position and route, added
 * up when somebody scrapes. Any thread can answer for all, and what a dead thread counted stays.
 *
 * Cost: a request pays two additions into a typed array of its own thread, one comparison per bucket, no lock.
 * Ordering: as in `cache-counts.ts`: one writer per line, whole 64-bit words; who adds up may miss the latest requests.
 */
import { problems } from '../http/problems.ts';

/** More than all strategies have; routes beyond are counted as `other`. */
const MAX_ROUTES = 512;
/** Upper bounds in milliseconds. */
const BUCKETS_MS = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 1000, 5000] as const;
/** All that the service answers with; another would be counted as 0. */
const STATUSES = [0, 101, 200, 201, 202, 204, 304, ...new Set(Object.values(problems).map(([status]) => status))];
const SUM_MS = STATUSES.length + BUCKETS_MS.length;
const COLUMNS = SUM_MS + 1;
const HIGHEST_STATUS = 600;

const columnOf = new Uint8Array(HIGHEST_STATUS);
for (const [column, status] of STATUSES.entries()) columnOf[status] = column;

/** What requests of one route came to, on all threads together. */
export interface RouteTotals {
  readonly byStatus: ReadonlyMap<number, number>;
  /** Requests that took at most so many milliseconds. */
  readonly buckets: readonly { readonly upToMs: number; readonly count: number }[];
  readonly count: number;
  readonly sumMs: number;
}

export class RequestMeter {
  static bytes(positions: number): number {
    return positions * MAX_ROUTES * COLUMNS * Float64Array.BYTES_PER_ELEMENT;
  }

  readonly #counts: Float64Array;
  readonly #mine: number;

  /** @param position of the calling thread */
  constructor(memory: SharedArrayBuffer, position: number) {
    this.#counts = new Float64Array(memory);
    this.#mine = position * MAX_ROUTES * COLUMNS;
  }

  /** @param route its index among the routes of the service, which are the same on each thread; 0 is `other` */
  record(route: number, status: number, elapsedMs: number): void {
    const line = this.#mine + (route < MAX_ROUTES ? route : 0) * COLUMNS;
    this.#counts[line + columnOf[status]!]! += 1;
    this.#counts[line + SUM_MS]! += elapsedMs;
    let bucket = 0;
    while (bucket < BUCKETS_MS.length && elapsedMs > BUCKETS_MS[bucket]!) bucket += 1;
    if (bucket < BUCKETS_MS.length) this.#counts[line + STATUSES.length + bucket]! += 1;
  }

  /** How many requests each thread answered, of all routes, by its position. */
  perThread(): number[] {
    const counts = Array.from({ length: this.#counts.length / (MAX_ROUTES * COLUMNS) }, () => 0);
    for (let line = 0; line < this.#counts.length; line += COLUMNS) {
      const position = Math.floor(line / (MAX_ROUTES * COLUMNS));
      for (let status = 0; status < STATUSES.length; status++) counts[position]! += this.#counts[line + status]!;
    }
    return counts;
  }

  totals(route: number): RouteTotals {
    const column = (index: number): number => {
      let total = 0;
      for (let line = route * COLUMNS; line < this.#counts.length; line += MAX_ROUTES * COLUMNS) {
        total += this.#counts[line + index]!;
      }
      return total;
    };
    const byStatus = new Map(
      STATUSES.map((status, at) => [status, column(at)] as const).filter(([, count]) => count > 0),
    );
    let atMost = 0;
    const buckets = BUCKETS_MS.map((upToMs, at) => ({ upToMs, count: (atMost += column(STATUSES.length + at)) }));
    const count = [...byStatus.values()].reduce((sum, each) => sum + each, 0);
    return { byStatus, buckets, count, sumMs: column(SUM_MS) };
  }
}
