import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadRequestError } from '../../src/errors.ts';
import { parseIntegers, parseJson } from '../../src/http/body.ts';

const digits = fc.string({ unit: fc.integer({ min: 0, max: 9 }).map(String), minLength: 1, maxLength: 22 });
const whole = digits.map((text) => text.replace(/^0+(?=\d)/, ''));
const fraction = fc.option(digits, { nil: undefined }).map((text) => (text === undefined ? '' : `.${text}`));
const exponent = fc
  .option(fc.tuple(fc.constantFrom('e', 'E', 'e-', 'E+'), fc.integer({ min: 0, max: 400 })), { nil: undefined })
  .map((parts) => parts?.join('') ?? '');
const literal = fc.tuple(fc.constantFrom('', '-'), whole, fraction, exponent).map((parts) => parts.join(''));

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof BadRequestError) return 'refused';
    throw error;
  }
}

describe('parseJson', () => {
  it('refuses exactly the numbers that would come back as others', () => {
    fc.assert(
      fc.property(literal, (text) => {
        const value = Number(text);
        const inexact = !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value));
        expect(parsed(`{"a":[${text}]}`)).toEqual(inexact ? 'refused' : { a: [value] });
      }),
      { numRuns: 2_000 },
    );
  });

  it('parses what is nested as deeply as a body can be', () => {
    const depth = 32_000;
    expect(() => parseJson('['.repeat(depth) + ']'.repeat(depth))).not.toThrow();
  });
});

/** An integer by its digits, decided with exact arithmetic: at most so many decimal places as the exponent moves. */
function isWhole(text: string): boolean {
  const [, mantissa = '', power = '0'] = /^-?([\d.]+)(?:[eE](.+))?$/.exec(text)!;
  const [left = '', right = ''] = mantissa.split('.');
  const places = right.length - Number(power);
  return places <= 0 || BigInt(left + right) % 10n ** BigInt(places) === 0n;
}

describe('parseIntegers', () => {
  it('refuses exactly the numbers that are not integers by their digits', () => {
    fc.assert(
      fc.property(literal, (text) => {
        const outcome = (): unknown => {
          try {
            return parseIntegers(`{"a":[${text}]}`);
          } catch (error) {
            if (error instanceof BadRequestError) return 'refused';
            throw error;
          }
        };
        expect(outcome()).toEqual(isWhole(text) ? { a: [Number(text)] } : 'refused');
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a refusal', () => {
  it('repeats little of what was sent', () => {
    const errors = Array.from({ length: 1_000 }, (_, at) => ({ field: `f${at}`, detail: 'x'.repeat(10_000) }));
    const refused = new BadRequestError(errors);
    expect(refused.errors).toHaveLength(20);
    expect(refused.message.length).toBeLessThan(5_000);
  });
});
