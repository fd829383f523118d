/** Where things stand on the board, in 32-bit words, and the codes that stand there. */

export const MAX_THREADS = 5;
export const MAX_STEPS = 4_000;

/** What a choice lets a thread do. Choices are numbered `thread * KINDS + kind`, so that a set of them is a bit mask. */
export const STEP = 0;
export const KILL = 1;
/** A wait or a timer runs out. It may happen, but a run that needs it to go on is stuck. */
export const TIMEOUT = 2;
/** The first of a program's own events, such as an abort; they happen sooner or later. */
export const EVENT = 3;
export const KINDS = 6;

/** What a step does, in its low byte; the word that it does it to stands above. */
export const ACTS = [
  '',
  'load',
  'store',
  'exchange',
  'add',
  'and',
  'or',
  'compareExchange',
  'notify',
  'wait',
  'waitAsync',
  'wakes',
  'turns',
  'buries',
  'pauses',
  'saw',
] as const;
export type Act = (typeof ACTS)[number];

export const Outcome = { running: 0, done: 1, stuck: 2, endless: 3, violation: 4 } as const;
export type OutcomeCode = (typeof Outcome)[keyof typeof Outcome];

export const Status = {
  /** At its gate. */
  ready: 0,
  /** In a blocking wait. */
  waiting: 1,
  /** Its event loop has nothing to do. */
  idle: 2,
  /** Until somebody is killed. */
  watching: 3,
  gone: 4,
  /** Before its first step: all threads begin before any goes on, which no other can notice. */
  unbegun: 5,
} as const;

export const OUTCOME = 0;
export const STEPS = 1;
export const RANDOM = 2; // 0: follow the prefix, then go on with the same thread
export const PREFIX = 3;
export const KILLS_LEFT = 4;
export const KILLABLE = 5;
export const TIMEOUTS_LEFT = 6;
export const UNWINDING = 7;
export const TICKET = 8;
export const THREADS = 9;
export const CURRENT = 10;
export const KILLED = 11; // bit per killed thread
export const UNBURIED = 12; // bit per killed thread that nobody has buried yet
export const TEXT_LENGTH = 13;
export const LOADING = 14; // the text says what to load before the next run
/** Set when a run found that threads share a word that was taken for one thread's own: what was explored is void. */
export const FOUND_SHARED = 15;
export const BATONS = 16; // main's, then one per thread

const FIRST_THREAD = 32;
const THREAD_WORDS = 16;
export const STATUS = 0;
export const FINISHED = 1;
export const ACTION = 2;
export const MAY_TIME_OUT = 3;
export const EVENTS = 4; // bit per own event
export const TASKS = 5; // local tasks of an idle thread's event loop
/** A sleep has three words: location + 1, ticket, woken. */
export const SYNC_SLEEP = 6;
export const ASYNC_SLEEP = 9;
export const HISTORY = 12; // two words

export const CHOSEN = FIRST_THREAD + MAX_THREADS * THREAD_WORDS;
export const ENABLED = CHOSEN + MAX_STEPS;
export const STATES = ENABLED + MAX_STEPS;
export const PREFIX_CHOICES = STATES + 2 * MAX_STEPS;
export const DONE = PREFIX_CHOICES + MAX_STEPS; // what came of each choice: a step and its result
/** Per location: a bit per thread that accessed it, `WRITTEN`, and `SHARED` once steps there count. */
export const ACCESS = DONE + 2 * MAX_STEPS;
export const MAX_LOCATIONS = 4_096;
export const WRITTEN = 1 << 8;
export const SHARED = 1 << 9;
export const TEXT = ACCESS + MAX_LOCATIONS;
export const TEXT_BYTES = 2_048;
export const BOARD_BYTES = TEXT * 4 + TEXT_BYTES;

/** First word of a thread's part; one past the last thread it is where the trace begins. */
export function threadAt(thread: number): number {
  return FIRST_THREAD + thread * THREAD_WORDS;
}
