/** Several resources at once: what each needs before, and the proofs of all. */
import type { Proof, Workload } from './workload.ts';

type Prepare = NonNullable<Workload['prepare']>;

export function prepareAll(...prepares: readonly Prepare[]): Prepare {
  return async (target) => {
    for (const prepare of prepares) await prepare(target);
  };
}

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
