/**
 * The service's own registry of strategies, as a comparison sees it: a new line there needs no change here. What needs
 * more than the service itself stays out.
 */
import { strategies } from '../src/strategies/index.ts';
import type { Strategy } from '../src/strategies/strategy.ts';
import type { Candidate } from './plan.ts';

export const registry: readonly Candidate[] = strategies.filter(({ needs }) => needs === undefined).map(candidateOf);

function candidateOf({ name, kind, summary, threads, cells }: Strategy): Candidate {
  const reasons = Object.entries(cells).flatMap(([resource, cell]) =>
    'unsupported' in cell ? [[resource, cell.unsupported] as const] : [],
  );
  return {
    name,
    kind,
    summary,
    ...(threads === undefined ? {} : { threads }),
    unsupported: Object.fromEntries(reasons),
  };
}
