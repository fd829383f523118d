/** What a PromQL expression asks for, by Prometheus' own grammar. */
import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

/** A metric and the labels that an expression expects of it. */
export interface Wanted {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** Grafana's variables are no PromQL: something of the same kind stands in for them. */
function withoutVariables(expression: string): string {
  return expression.replaceAll(/\$__(?:rate_interval|range)\b/g, '1m').replaceAll(/\$\w+/g, '.+');
}

/**
 * Each selector of `expression`, with the labels that it matches and those that an aggregation around it keeps.
 *
 * @throws {Error} it is not PromQL
 */
export function wantedBy(expression: string): Wanted[] {
  const source = withoutVariables(expression);
  const tree = parser.parse(source);
  const selectors: SyntaxNode[] = [];
  tree.iterate({
    enter({ type, node }) {
      if (type.isError) throw new Error(`not PromQL at ${node.from}: ${source}`);
      if (type.name === 'VectorSelector') selectors.push(node);
    },
  });
  const text = ({ from, to }: SyntaxNode): string => source.slice(from, to);
  const labelsIn = (node: SyntaxNode | null): string[] => namesIn(node, 'LabelName').map(text);
  return selectors.map((selector) => {
    const labels = new Set(labelsIn(selector));
    for (let outer = selector.parent; outer !== null; outer = outer.parent) {
      if (outer.name !== 'AggregateExpr') continue;
      for (const label of labelsIn(outer.getChild('AggregateModifier'))) labels.add(label);
    }
    return { metric: text(selector.getChild('Identifier')!), labels: [...labels] };
  });
}

/** All nodes of a kind below `node`. */
function namesIn(node: SyntaxNode | null, kind: string): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  node?.cursor().iterate((each) => {
    if (each.from >= node.to) return false;
    if (each.name === kind && each.to <= node.to) found.push(each.node);
    return true;
  });
  return found;
}
