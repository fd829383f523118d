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

it('keeps the message of an error that is not ours', () => {
  expect(fromWire(structuredClone(toWire(new TypeError('odd'))))).toMatchObject({ name: 'TypeError', message: 'odd' });
  expect(fromWire(toWire('just text')).message).toBe('just text');
});
