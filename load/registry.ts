/** The service's own registry of strategies, as a comparison sees it: a new line there needs no change here. */
import { strategies } from '../src/strategies/index.ts';
import type { Strategy } from '../src/strategies/strategy.ts';

/** What a comparison needs to know of a strategy of the service. */
export interface Candidate {
  /** What tables call it. */
  readonly name: string;
  /** What the service calls it, in URLs. */
  readonly strategy: string;
  readonly kind: 'strategy' | 'baseline' | 'control' | 'floor';
  readonly summary: string;
  /** The number of HTTP threads it needs, where it cannot run on any number. */
  readonly threads?: number;
  /** What it cannot be served without. */
  readonly needs?: 'redis';
  /** Settings of the service for this candidate alone. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Another build than this one, with `--against`. */
  readonly build?: 'before';
  /** The resources it serves. */
  readonly resources: readonly string[];
}

export const registry: readonly Candidate[] = strategies.map(candidateOf);

function candidateOf(strategy: Strategy): Candidate {
  const { name, kind, summary, threads, needs, cells } = strategy;
  return {
    name,
    strategy: name,
    kind,
    summary,
    ...(threads === undefined ? {} : { threads }),
    ...(needs === undefined ? {} : { needs }),
    resources: Object.entries(cells).flatMap(([resource, cell]) => ('unsupported' in cell ? [] : [resource])),
  };
}
