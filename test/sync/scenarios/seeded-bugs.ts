/** Bugs that the step scheduler must find: each a patch to a copy of the real source. */
import type { Patch } from '../../support/patched-source.ts';

export interface SeededBug {
  readonly name: string;
  /** Module and name of the scenario that finds it. */
  readonly scenarios: 'sync-mutex' | 'async-mutex' | 'shared-table';
  readonly scenario: string;
  readonly patches: readonly Patch[];
}

const mutex = 'sync/sync-mutex.ts';
const asyncMutex = 'sync/async-mutex.ts';
const line = 'sync/lock-line.ts';
const doorbell = 'sync/doorbell.ts';
const table = 'sync/shared-table.ts';
const pool = 'sync/record-pool.ts';

const ABORT = 'a waiter is aborted at any time';
const TAKEN_BACK = '2 threads take back what was handed over';

export const seededBugs: readonly SeededBug[] = [
  bug('a release wakes nobody', 'sync-mutex', '2 threads count 1 each', {
    file: mutex,
    from: 'if ((state & CONTENDED) !== 0) Atomics.notify(',
    to: 'if (state < 0) Atomics.notify(',
  }),
  bug('two states: who waited forgets that others wait', 'sync-mutex', '3 threads count 1 each', {
    file: mutex,
    from: 'tries < SPINS ? state & CONTENDED : CONTENDED;',
    to: 'state & CONTENDED;',
  }),
  bug('a waiter sleeps without saying so', 'sync-mutex', '2 threads count 1 each', {
    file: mutex,
    from: 'const contended = state | CONTENDED;',
    to: 'const contended = state;',
  }),
  bug('a free lock is taken without a compare', 'sync-mutex', '3 threads count 1 each', {
    file: mutex,
    from: 'if (Atomics.compareExchange(this.#locks, this.#line, state, this.#mine | kept) === state) return state;',
    to: 'Atomics.store(this.#locks, this.#line, this.#mine | kept); return state;',
  }),
  bug('poison wakes one waiter only', 'sync-mutex', 'one poisons, all are told, one recovers', {
    file: mutex,
    from: 'after === 0 ? 1 : Infinity',
    to: '1',
  }),
  bug('the next owner does not repair', 'sync-mutex', '1 of 2 threads killed anywhere', {
    file: mutex,
    from: 'if ((state & DIED) === 0) return;',
    to: 'return;',
  }),
  bug('a dead holder wakes nobody', 'sync-mutex', '1 of 2 threads killed anywhere', {
    file: line,
    from: 'Atomics.notify(locks, line);',
    to: '',
  }),
  bug('a dead holder wakes one waiter only, which dies too', 'sync-mutex', '2 of 3 threads killed anywhere', {
    file: line,
    from: 'Atomics.notify(locks, line);',
    to: 'if (held > 0) Atomics.notify(locks, line, 1);',
  }),
  bug('the bit is set after the try', 'async-mutex', '2 threads, 1 tasks each', {
    file: asyncMutex,
    from: 'if (!this.#owned) this.#onRing();',
    to: '',
  }),
  bug('a release does not look again after it freed the word', 'async-mutex', '2 threads, 1 tasks each', {
    file: asyncMutex,
    from: 'if (since === -1 || since === this.#position) return;',
    to: 'return;',
  }),
  bug('a hand-off rings nobody', 'async-mutex', '2 threads, 1 tasks each', {
    file: asyncMutex,
    from: 'threads.ring(position);',
    to: '',
  }),
  bug(
    'a hand-off does not look whether its receiver lives',
    'async-mutex',
    '1 of 2 threads killed anywhere, 1 tasks each',
    {
      file: asyncMutex,
      from: 'if (threads.livingAt(position) === slot) {',
      to: 'if (slot !== 0) {',
    },
  ),
  bug(
    'a lock handed to a dead thread by one that died is forgotten',
    'async-mutex',
    '2 of 3 threads killed anywhere, 1 tasks each',
    {
      file: line,
      from: 'while (isDead(ownerOf(state), threads)) {',
      to: 'while (ownerOf(state) === slot) {',
    },
  ),
  bug('a grant that comes too late is kept', 'async-mutex', ABORT, {
    file: asyncMutex,
    from: 'this.#passOn(); // handed',
    to: '// handed',
  }),
  bug('an aborted waiter leaves its bit behind', 'async-mutex', ABORT, {
    file: asyncMutex,
    from: 'setWaiting(locks, line, this.#position, false);\n',
    to: '',
  }),
  bug('the doorbell reads its word after it looked', 'async-mutex', '1 of 3 threads killed anywhere, 1 tasks each', {
    file: doorbell,
    from: 'const sleep = Atomics.waitAsync(words, this.#word, seen);',
    to: 'const sleep = Atomics.waitAsync(words, this.#word, Atomics.load(words, this.#word));',
  }),
  bug('a ring before the doorbell sleeps is dropped', 'async-mutex', '1 of 3 threads killed anywhere, 1 tasks each', {
    file: doorbell,
    from: 'else setImmediate(() => this.#listen());',
    to: '',
  }),
  bug('what was taken meanwhile is taken back', 'async-mutex', TAKEN_BACK, {
    file: asyncMutex,
    from: 'if (!isLate || Atomics.compareExchange(this.#locks, this.#line, state, this.#mine) !== state) return;',
    to: 'if (!isLate) return; Atomics.store(this.#locks, this.#line, this.#mine);',
  }),
  bug('what was taken back meanwhile is taken', 'async-mutex', TAKEN_BACK, {
    file: asyncMutex,
    from: 'if (Atomics.compareExchange(this.#locks, this.#line, state, mine) !== state) continue;',
    to: 'Atomics.store(this.#locks, this.#line, mine);',
  }),
  bug('whoever lost its turn is not rung', 'async-mutex', TAKEN_BACK, {
    file: asyncMutex,
    from: 'this.#options.threads.ring(busy);',
    to: '',
  }),
  bug('whoever lost its turn is rung before its bit is cleared', 'async-mutex', TAKEN_BACK, {
    file: asyncMutex,
    from: 'setWaiting(this.#locks, this.#line, busy, false);\n    this.#options.threads.ring(busy);',
    to: 'this.#options.threads.ring(busy);\n    setWaiting(this.#locks, this.#line, busy, false);',
  }),
  bug('whoever lost its turn no longer counts as waiting', 'async-mutex', TAKEN_BACK, {
    file: asyncMutex,
    from: 'setWaiting(this.#locks, this.#line, this.#position, true);\n  }',
    to: '}',
  }),
  bug('an insert announces nothing', 'shared-table', 'one of two threads that add is killed', {
    file: table,
    from: 'this.#lines.open(shard, INSERT, bucket, -1);',
    to: '',
  }),
  bug('a reserved record is not noted', 'shared-table', 'one of two threads that add is killed', {
    file: pool,
    from: 'words[noteAt] = record;',
    to: '',
  }),
  bug('a repair takes what another shard took since', 'shared-table', 'records come and go, one thread is killed', {
    file: pool,
    from: 'if (!mayFree(this.#words[this.#records.state(record)]!)) return;',
    to: '',
  }),
];

function bug(name: string, scenarios: SeededBug['scenarios'], scenario: string, ...patches: Patch[]): SeededBug {
  return { name, scenarios, scenario, patches };
}
