/** Words through which the threads of a kill run and their killer understand each other. */
export const STOP = 0;
/** Slot of the thread that shall stay at `POINT` until it is killed. */
export const VICTIM = 1;
export const POINT = 2;
/** Slot of the thread that stays there now. */
export const STAYING = 3;
/** Odd while a thread is being killed. */
export const DEATHS = 4;
/** Waits that met a death, in the order of their ends. */
export const WAITS = 5;
/** Half-written values that somebody saw. */
export const TORN = 6;
/** Acknowledged changes that were gone, or whatever else a thread saw that must not be. */
export const WRONG = 7;
/** Waits that ran out: hangs. */
export const TIMEOUTS = 8;
/** Callers who were told that what they asked for is lost, or may be. */
export const TOLD = 9;
export const CHANGES = 10;
/** 1 while a thread is being started: the others rest, or the start would take several times as long. */
export const REST = 11;
/** How many threads have begun their job. */
export const BEGUN = 12;

const FIRST_POSITION = 16;
const POSITION_WORDS = 32;
export const MAX_POSITIONS = 16;
/** A word for each of a few keys, whoever uses it. */
const FIRST_KEY = FIRST_POSITION + MAX_POSITIONS * POSITION_WORDS;
export const KEYS = 16;
export const NOTE_WORDS = FIRST_KEY + KEYS;

const CHURN = KEYS;
const HOLDS = KEYS + 1;

/** What is known of a thread's own record, which comes and goes. */
export const Churn = { absent: 0, present: 1, unknown: 2 } as const;

/** Word of a position and a key: how many changes were acknowledged, unless a kind has another use for it. */
export function acknowledged(position: number, key: number): number {
  return FIRST_POSITION + position * POSITION_WORDS + key;
}

export function churn(position: number): number {
  return FIRST_POSITION + position * POSITION_WORDS + CHURN;
}

/** Word that says how much the thread at a position holds besides locks. */
export function holds(position: number): number {
  return FIRST_POSITION + position * POSITION_WORDS + HOLDS;
}

export function ofKey(key: number): number {
  return FIRST_KEY + key;
}

/** From here on, a point is an atomic step that the victim takes while it holds something: its number is added. */
export const FIRST_STEP = 100;
