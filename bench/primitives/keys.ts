import type { Sizes } from './job.ts';

/** Keys of one length that differ at their ends, as those of a service do. */
export function keyText(key: number, { keyBytes }: Pick<Sizes, 'keyBytes'>): string {
  return `${key}`.padStart(keyBytes, 'customer:000:visits:');
}
