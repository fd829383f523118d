import { seededRandom } from '../../load/seeded-random.ts';
import type { Sizes } from './job.ts';

/** Keys of one length that differ at their ends, as those of a service do. */
export function keyText(key: number, { keyBytes }: Pick<Sizes, 'keyBytes'>): string {
  return `${key}`.padStart(keyBytes, 'customer:000:visits:');
}

/** As many keys at a time, drawn from the first `keys`, of which nobody has the hash yet: made anew from their bytes. */
export function freshKeys(many: number, keys: number, sizes: Pick<Sizes, 'keyBytes'>) {
  const { keyBytes } = sizes;
  const bytes = Buffer.from(Array.from({ length: keys }, (_, key) => keyText(key, sizes)).join(''), 'latin1');
  const random = seededRandom(1);
  const all: string[] = Array.from({ length: many });
  const renew = (): void => {
    for (let at = 0; at < many; at++) {
      const from = Math.floor(random() * keys) * keyBytes;
      all[at] = bytes.toString('latin1', from, from + keyBytes);
    }
  };
  return { all, renew };
}
