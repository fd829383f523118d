/**
 * Entries of a cache in a `Map`, which keeps the order in which keys were set: whoever is used goes to its end, so the
 * first is the least recently used. The rules are those of `CacheTable`; see there.
 */
import type { Clock } from '../../clock.ts';
import type { Ticket } from '../../sync/single-flight.ts';
import { EVICTIONS, EXPIRED } from '../cache-counts.ts';
import { type Entry, expiresAtMsOf, versionOf } from '../cache-entry.ts';
import type { Seen } from '../cache-table.ts';

/** What a `Map`, an array buffer and a view take besides the bytes, roughly. */
const ENTRY_COST_BYTES = 256;

export class CacheMap {
  readonly #kept = new Map<string, Entry>();
  readonly #capacityBytes: number;
  readonly #counts: { add(count: number): void };
  readonly #midway: () => void;
  readonly #clock: Clock;
  #bytes = 0;
  #floor = -1;

  constructor(capacityBytes: number, counts: { add(count: number): void }, midway: () => void, clock: Clock) {
    this.#capacityBytes = capacityBytes;
    this.#counts = counts;
    this.#midway = midway;
    this.#clock = clock;
  }

  look(key: string): Seen {
    const entry = this.#kept.get(key);
    if (entry === undefined) return 'miss';
    if (this.#isExpired(entry)) return 'stale';
    this.#kept.delete(key);
    this.#kept.set(key, entry);
    return entry;
  }

  keep(key: string, entry: Entry, ticket: Ticket): boolean {
    const kept = this.#kept.get(key);
    const isNewer = kept !== undefined && !this.#isExpired(kept) && versionOf(kept) > versionOf(entry);
    if (ticket.isVoid || isNewer) return false;
    this.#place(key, entry);
    return true;
  }

  put(key: string, entry: Entry): void {
    const kept = this.#kept.get(key);
    if (versionOf(entry) > (kept === undefined ? this.#floor : versionOf(kept))) this.#place(key, entry);
  }

  pass(key: string, version: number): void {
    const kept = this.#kept.get(key);
    if (kept !== undefined && versionOf(kept) < version) this.#remove(key, kept);
    this.#floor = Math.max(this.#floor, version);
  }

  forget(key: string): void {
    const entry = this.#kept.get(key);
    if (entry !== undefined) this.#remove(key, entry);
  }

  clear(): void {
    for (const [key, entry] of this.#kept) this.#remove(key, entry);
  }

  get size() {
    return { entries: this.#kept.size, capacityBytes: this.#capacityBytes, bytes: this.#bytes };
  }

  #place(key: string, entry: Entry): void {
    this.#midway();
    const before = this.#kept.get(key);
    if (before !== undefined) {
      if (this.#isExpired(before)) this.#counts.add(EXPIRED);
      this.#remove(key, before);
    }
    this.#bytes += costOf(key, entry);
    for (const [oldest, leaving] of this.#kept) {
      if (this.#bytes <= this.#capacityBytes) break;
      this.#counts.add(this.#isExpired(leaving) ? EXPIRED : EVICTIONS);
      this.#remove(oldest, leaving);
    }
    this.#kept.set(key, entry);
  }

  #remove(key: string, entry: Entry): void {
    this.#kept.delete(key);
    this.#bytes -= costOf(key, entry);
    this.#floor = Math.max(this.#floor, versionOf(entry));
  }

  #isExpired(entry: Entry): boolean {
    return expiresAtMsOf(entry) <= this.#clock.nowMs();
  }
}

function costOf(key: string, entry: Entry): number {
  return ENTRY_COST_BYTES + key.length + entry.byteLength;
}
