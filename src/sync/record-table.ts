/**
 * What every strategy needs of a table of records: `SharedTable` has it in place, `SnapshotTable` in copy-on-write
 * pages. Records are addressed by number, payloads by the index that `payloadOf` gives.
 */
export interface RecordTable {
  readonly isFull: boolean;
  /** Record numbers in use are below this. */
  readonly end: number;
  /** Which shard, and so which lock, a key belongs to. */
  shardOf(key: string): number;
  /** Records of a shard. */
  count(shard: number): number;
  /** A number greater than every one that this shard gave before. */
  nextSequence(shard: number): number;
  /** @returns the key's record number, −1 when it has none */
  find(key: string): number;
  /**
   * Adds a record for a key that has none; `write` fills its payload before anybody can find it.
   *
   * @returns the record number, −1 when the table is full
   */
  insert(key: string, write: (payload: number) => void): number;
  /** Changes a record's payload: all that `write` does, or nothing when it throws or its thread dies. */
  update(record: number, write: (payload: number) => void): void;
  /** Takes a record out; `midway` runs while the change is half-done. */
  remove(record: number, midway?: () => void): void;
  /** Whether a record is in use. Outside the locks it may be out of date at once. */
  isLive(record: number): boolean;
  /** The first record from `from` on, and before `end`, that is in use, −1 when there is none; others cost a bit each. */
  nextLive(from: number, end?: number): number;
  /** The shard of a live record, −1 for any other. Outside that shard's lock it may be out of date at once. */
  shardAt(record: number): number;
  /** The key of a live record of `shard`, undefined for any other record. */
  keyOf(record: number, shard: number): string | undefined;
  payloadOf(record: number): number;
  /** The payload's `field`-th float64. */
  number(payload: number, field: number): number;
  setNumber(payload: number, field: number, value: number): void;
}
