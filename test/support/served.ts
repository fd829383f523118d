/** Strategies as tests may name them: by what they are, since any of them may have been deleted from the registry. */
import { strategies } from '../../src/strategies/index.ts';
import type { Strategy } from '../../src/strategies/strategy.ts';

/** The strategies that share between threads and keep their promises. */
export const sharing: readonly Strategy[] = strategies.filter(({ kind }) => kind === 'strategy');

/** One of them, for tests that need some strategy and not a particular one. */
export const anyStrategy: Strategy = sharing[0] ?? strategies[0]!;

export const control: Strategy | undefined = strategies.find(({ kind }) => kind === 'control');

/** Whether a strategy is still in the registry. */
export function isServed(name: string): boolean {
  return strategies.some((strategy) => strategy.name === name);
}
