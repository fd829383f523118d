/** Proof of several resources at once: all of theirs. */
import type { Proof, Workload } from './workload.ts';

export function proveAll(...proofs: readonly Workload['prove'][]): Workload['prove'] {
  return async (target, seen) => {
    const each: Proof[] = [];
    for (const prove of proofs) each.push(await prove(target, seen));
    const { acknowledged, refused, unknown } = each.at(-1)!;
    return {
      holds: each.every(({ holds }) => holds),
      acknowledged,
      refused,
      unknown,
      broken: each.reduce((total, { broken }) => total + broken, 0),
      statement: each.map(({ statement }) => statement).join('; '),
    };
  };
}
