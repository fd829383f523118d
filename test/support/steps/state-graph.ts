/** What an exploration has met: from a state and a choice to the next state. */
export type StateGraph = Map<number, Map<number, number>>;

/** Where a run ends. */
export const END = -1;

/** How many ways lead through the graph from its first state. Ways that come to a state again are not counted. */
export function countPaths(graph: StateGraph): number {
  const paths = new Map<number, number>([[END, 1]]);
  const from = (state: number): number => {
    const known = paths.get(state);
    if (known !== undefined) return known;
    let sum = 0;
    paths.set(state, 0);
    for (const next of graph.get(state)?.values() ?? []) sum += from(next);
    paths.set(state, sum);
    return sum;
  };
  const [first] = graph.keys();
  return first === undefined ? 0 : from(first);
}
