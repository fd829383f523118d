/** Parts of the pages that proofs write. */
import { describeMachine } from '../load/machine.ts';

export type Cell = string | number;

/** The first column is text, the others are figures. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const rule = head.map((_, at) => (at === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The machine that a page's figures are from. */
export function machineText(): string {
  const { cpu, cores, memoryGb, platform, node } = describeMachine();
  return `${cpu}, ${cores} cores, ${memoryGb} GB, ${platform}, Node ${node}`;
}
