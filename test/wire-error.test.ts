import { expect, it } from 'vitest';
import { BadRequestError, ConflictError, LockTimeoutError, OriginFailedError } from '../src/errors.ts';
import { fromWire, toWire } from '../src/wire-error.ts';

it.each([
  new ConflictError(1, 2),
  new LockTimeoutError('hits', 12),
  new OriginFailedError('down', 'unknown'),
  new BadRequestError([{ field: 'key', detail: 'too long' }]),
])('brings $name over to another thread whole', (error) => {
  const copy = fromWire(structuredClone(toWire(error)));
  expect(copy).toBeInstanceOf(error.constructor);
  expect(copy.message).toBe(error.message);
  expect(Object.entries(copy)).toEqual(Object.entries(error));
});

it('keeps the class, code and fields of an error that was given another outcome', () => {
  const copy = fromWire(structuredClone(toWire(new ConflictError(1, 2).withOutcome('unknown'))));
  expect(copy).toBeInstanceOf(ConflictError);
  expect(copy).toMatchObject({ code: 'CONFLICT', value: 2, outcome: 'unknown' });
});

it('brings over what can be cloned of any error, and never throws', () => {
  const hostile = Object.assign(new Error('odd'), {
    code: 'ODD',
    cause: () => 'not cloneable',
    socket: { write() {} },
    when: new Date(0),
    symbol: Symbol('mine'),
  });
  Object.defineProperty(hostile, 'getter', {
    enumerable: true,
    get: () => {
      throw new Error('no');
    },
  });
  const copy = fromWire(structuredClone(toWire(hostile)));
  expect(copy).toMatchObject({ message: 'odd', code: 'ODD', when: new Date(0) });
  expect(copy).toHaveProperty('cause', expect.stringContaining('not cloneable'));
  expect(copy).toHaveProperty('getter', expect.stringContaining('not cloneable'));
  const messageOfSymbol = Object.defineProperty(new Error(), 'message', { value: Symbol('text') });
  const unreadable = new Proxy(new Error('unread'), {
    get: () => {
      throw new Error('no');
    },
  });
  for (const thrown of [Object.create(null), Symbol('thrown'), null, () => {}, messageOfSymbol, unreadable]) {
    expect(fromWire(structuredClone(toWire(thrown)))).toBeInstanceOf(Error);
  }
  const proto = JSON.parse('{"__proto__":{"polluted":true}}') as object;
  expect(fromWire({ name: 'Error', message: '', fields: { ...proto } })).toBeInstanceOf(Error);
});

it('keeps the message of an error that is not ours', () => {
  expect(fromWire(structuredClone(toWire(new TypeError('odd'))))).toMatchObject({ name: 'TypeError', message: 'odd' });
  expect(fromWire(toWire('just text')).message).toBe('just text');
});
