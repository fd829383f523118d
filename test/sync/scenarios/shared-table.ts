/** Two shards on one pool: threads insert, change and remove, and one of them dies anywhere. */
import { type Actor, type RunMemory, type Scenario, type SyncModules } from '../../support/steps/scenario.ts';
import { openTable, tableMemory, type LockedTable, type TableShape } from '../../support/tables.ts';
import { REAL_MODULES } from '../../support/sync-modules.ts';
import { buryTheDead } from './bury.ts';

const shape: TableShape = { capacity: 2, shards: 2 };
const VALUE = 0;
const COPY = 1; // the same value again: a reader that sees two values sees a half-written record

/** Notes: per thread and key, how often an addition was acknowledged. */
const ADDED = 0;
const TORN = 40;

/** A key of each shard. */
const keys = ['b', 'a', 'c', 'd', 'e', 'f', 'g'];

function add(actor: Actor, { table, mutexes }: LockedTable, key: string): boolean {
  const shard = table.shardOf(key);
  return mutexes[shard]!.run(() => {
    const write = (payload: number): void => {
      const value = table.number(payload, VALUE) + 1;
      table.setNumber(payload, VALUE, value);
      actor.pause();
      table.setNumber(payload, COPY, value);
    };
    const fresh = (payload: number): void => {
      table.setNumber(payload, VALUE, 0);
      write(payload);
    };
    const record = table.find(key);
    if (record === -1) return table.insert(key, fresh) !== -1;
    const payload = table.payloadOf(record);
    if (table.number(payload, VALUE) !== table.number(payload, COPY)) actor.memory.notes[TORN]! += 1;
    table.update(record, write);
    return true;
  });
}

function remove(actor: Actor, { table, mutexes }: LockedTable, key: string): void {
  mutexes[table.shardOf(key)]!.run(() => {
    const record = table.find(key);
    if (record !== -1) table.remove(record, () => actor.pause());
  });
}

function open(actor: Actor): LockedTable {
  return openTable(actor.memory, shape, actor.slot, actor.sync, { timeoutMs: 1_000 });
}

/** As the memory is left: repairs what is open, as the next owner would, and verifies. */
function left(memory: RunMemory, sync: SyncModules): LockedTable & { wrong: string[] } {
  const opened = openTable(memory, shape, sync.ThreadTable.slot(0, 1), sync, { timeoutMs: 100 });
  for (const mutex of opened.mutexes) mutex.run(() => {});
  const wrong = opened.table.verify();
  if (memory.notes[TORN] !== 0) wrong.push(`${memory.notes[TORN]} half-written records were seen`);
  return { ...opened, wrong };
}

function valueOf({ table, mutexes }: LockedTable, key: string): number {
  return mutexes[table.shardOf(key)]!.run(() => {
    const record = table.find(key);
    return record === -1 ? 0 : table.number(table.payloadOf(record), VALUE);
  });
}

function adding(name: string, threads: number, kills: number): Scenario {
  return {
    name,
    threads: threads + (kills > 0 ? 1 : 0),
    exhaustive: true,
    locks: shape.shards + 1,
    dataBytes: tableMemory(shape, REAL_MODULES).data.byteLength,
    kills,
    killable: 2 ** threads - 1,
    program(actor) {
      if (actor.thread === threads) return buryTheDead(actor);
      const opened = open(actor);
      for (const [index, key] of ['a', 'b'].entries()) {
        if (add(actor, opened, key)) actor.memory.notes[ADDED + index]! += 1;
        actor.forget(index); // all that matters from here on is in the memory
      }
    },
    problems(memory, sync) {
      const opened = left(memory, sync);
      for (const [index, key] of ['a', 'b'].entries()) {
        const acknowledged = memory.notes[ADDED + index]!;
        const value = valueOf(opened, key);
        if (value < acknowledged || value > acknowledged + kills)
          opened.wrong.push(`${key}: ${value} of ${acknowledged}`);
      }
      return opened.wrong;
    },
  };
}

function churning(name: string, kills: number): Scenario {
  return {
    name,
    threads: 3,
    locks: shape.shards + 1,
    dataBytes: tableMemory(shape, REAL_MODULES).data.byteLength,
    kills,
    killable: 0b011,
    program(actor) {
      if (actor.thread === 2) return buryTheDead(actor);
      const opened = open(actor);
      for (const key of keys.slice(actor.thread * 3, actor.thread * 3 + 3)) {
        add(actor, opened, key);
        actor.forget(keys.indexOf(key) * 2);
        remove(actor, opened, key);
        actor.forget(keys.indexOf(key) * 2 + 1);
      }
    },
    problems: (memory, sync) => left(memory, sync).wrong,
  };
}

export const scenarios: readonly Scenario[] = [
  adding('two threads add to two shards', 2, 0),
  adding('one of two threads that add is killed', 2, 1),
  churning('records come and go', 0),
  churning('records come and go, one thread is killed', 1),
];
