/** Words through which soaking threads and their killer understand each other. */
export const STOP = 0;
/** Slot of the thread that shall stay at `POINT` until it is killed. */
export const VICTIM = 1;
export const POINT = 2;
/** Slot of the thread that stays there now. */
export const STAYING = 3;
/** Odd while a thread is being killed. */
export const DEATHS = 4;
/** Grows whenever a next owner has repaired. */
export const TAKEOVERS = 5;
/** Waits that met a death, in the order of their ends. */
export const WAITS = 6;
/** Half-written records that somebody saw. */
export const TORN = 7;
/** Acknowledged changes that were gone, or refused ones that were there, when their thread came back. */
export const WRONG = 8;
/** Waits that ran out: hangs. */
export const TIMEOUTS = 9;
/** Callers who were told that the lock is poisoned. */
export const TOLD = 10;
export const CHANGES = 11;

const FIRST_POSITION = 16;
const POSITION_WORDS = 32;
export const MAX_POSITIONS = 16;
export const NOTE_WORDS = FIRST_POSITION + MAX_POSITIONS * POSITION_WORDS;

export const KEYS = 16;
const REPAIRING = KEYS;
const CHURN = KEYS + 1;

/** What is known of a thread's own record, which comes and goes. */
export const Churn = { absent: 0, present: 1, unknown: 2 } as const;

/** Word that counts how many changes of a key a position had acknowledged. */
export function acknowledged(position: number, key: number): number {
  return FIRST_POSITION + position * POSITION_WORDS + key;
}

/** Word that is 1 while the thread at a position repairs. */
export function repairing(position: number): number {
  return FIRST_POSITION + position * POSITION_WORDS + REPAIRING;
}

export function churn(position: number): number {
  return FIRST_POSITION + position * POSITION_WORDS + CHURN;
}

/** Where a victim stays. */
export const Point = {
  beforeChange: 0,
  /** Between the two halves of a record. */
  midway: 1,
  /** Its intent to remove is open. */
  removing: 2,
  /** Changed and not yet acknowledged. */
  afterChange: 3,
  /** With the guard held and its event loop free; only where a guard may be held so. */
  awaiting: 4,
} as const;
export const POINTS = 5;
