import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { BadRequestError } from '../../src/errors.ts';
import { checked, incrementBody, incrementBy } from '../../src/http/schemas.ts';

/** What it comes to, or which fields are wrong. */
function outcome(decide: () => number): unknown {
  try {
    return decide();
  } catch (error) {
    if (!(error instanceof BadRequestError)) throw error;
    return error.errors;
  }
}

it('an amount that is read by hand is what the schema makes of it, whatever the body', () => {
  const amount = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double(), fc.constant(-0), fc.jsonValue());
  const near = fc.record({ by: amount, more: fc.jsonValue(), ['__proto__']: fc.jsonValue() }, { requiredKeys: [] });
  fc.assert(
    fc.property(fc.oneof(near, fc.record({ by: amount }), fc.jsonValue()), (value) => {
      const bySchema = outcome(() => checked(incrementBody, value).by ?? 1);
      expect(outcome(() => incrementBy(value))).toEqual(bySchema);
    }),
    { numRuns: 2_000 },
  );
});
