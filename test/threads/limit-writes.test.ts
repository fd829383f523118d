import { describe, expect, it } from 'vitest';
import { OverloadedError } from '../../src/errors.ts';
import { memoryOnly, type WriteThrough } from '../../src/origin/write-through.ts';
import { unhurried } from '../../src/resources/call.ts';
import { limitWrites } from '../../src/threads/limit-writes.ts';

const call = { ...unhurried, remainingMs: 5_000 };

/** A resource that notes which of its methods ran. */
function resource() {
  const ran: string[] = [];
  const method =
    (name: string) =>
    (..._args: unknown[]): string => {
      ran.push(name);
      return name;
    };
  return {
    ran,
    increment: method('increment'),
    compareAndSet: method('compareAndSet'),
    delete: method('delete'),
    read: method('read'),
    register: method('register'),
    leave: method('leave'),
    replace: method('replace'),
  };
}

function refusing(...refused: readonly string[]): WriteThrough {
  return {
    stored: (_key, { value }) => value,
    assertTakes(change) {
      if (refused.includes(change)) throw new OverloadedError(`no ${change}`);
    },
  };
}

describe('writes that the origin could not take', () => {
  it('are refused before they are begun', () => {
    const counters = resource();
    limitWrites(counters, 'counters', refusing('write', 'deletion'));
    for (const write of ['increment', 'compareAndSet', 'delete'] as const) {
      expect(() => counters[write]('key', 1, call)).toThrow(OverloadedError);
    }
    expect(counters.read('key', call)).toBe('read');
    expect(counters.ran).toEqual(['read']);
    const config = resource();
    limitWrites(config, 'config', refusing('write'));
    expect(() => config.replace('{}', '*', call)).toThrow(OverloadedError);
  });

  it('are deletions only, and what ends in one, where only those find no room', () => {
    const counters = resource();
    limitWrites(counters, 'counters', refusing('deletion'));
    expect(counters.increment('key', 1, call)).toBe('increment');
    expect(() => counters.delete('key', call)).toThrow('no deletion');
    const connections = resource();
    limitWrites(connections, 'connections', refusing('deletion'));
    expect(() => connections.register('id', {}, call)).toThrow('no deletion');
    expect(() => connections.leave('id', '*', call)).toThrow('no deletion');
  });

  it('are not those of the service itself: what ended has to leave', () => {
    const connections = resource();
    limitWrites(connections, 'connections', refusing('write', 'deletion'));
    expect(connections.leave('id', [1], unhurried)).toBe('leave');
  });

  it('are none while nothing is written through', () => {
    const counters = resource();
    const { increment } = counters;
    limitWrites(counters, 'counters', memoryOnly);
    expect(counters.increment).toBe(increment);
  });
});
