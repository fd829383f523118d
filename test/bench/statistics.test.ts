import { describe, expect, it } from 'vitest';
import { ratiosOf, spreadOf, verdictOf } from '../../bench/statistics.ts';

describe('ratios', () => {
  it('are taken within each round', () => {
    expect(ratiosOf([90, 50, 200], [100, 25, 100])).toEqual([0.9, 2, 2]);
  });

  it('have no value for a round that was not measured on both sides, or where nothing was done', () => {
    expect(ratiosOf([1, undefined, 3], [undefined, 2, 0])).toEqual([undefined, undefined, undefined]);
  });

  it('refuse different numbers of rounds', () => {
    expect(() => ratiosOf([1, 2], [1])).toThrow(RangeError);
  });

  it('are not moved by a machine that is slow for a whole round, as a ratio of medians would be', () => {
    const ratios = ratiosOf([90, 9, 900], [100, 10, 1000]);
    expect(spreadOf(ratios)).toEqual({ median: 0.9, least: 0.9, most: 0.9 });
  });
});

describe('a spread', () => {
  it('is the median and the range, whatever the order', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, least: 1, most: 3 });
    expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, least: 1, most: 4 });
  });

  it('is not given when a round is missing', () => {
    expect(spreadOf([1, undefined, 3])).toBeUndefined();
    expect(spreadOf([])).toBeUndefined();
  });
});

describe('a goal', () => {
  it.for([
    { values: [0.8, 0.9, 1.4], verdict: 'met' },
    { values: [0.8, 0.89, 1.4], verdict: 'missed' },
    { values: [1.4, undefined, 1.4], verdict: 'not measured' },
  ])('is judged by the median: $verdict', ({ values, verdict }) => {
    expect(verdictOf({ name: 'x', values, goal: 0.9 })).toBe(verdict);
  });

  it('is not judged where there is none', () => {
    expect(verdictOf({ name: 'x', values: [1] })).toBeUndefined();
  });
});
