/** What the cases of the cache's contract have in common. */
import type { Rig } from '../support/rig.ts';
import type { AsyncCache, SeenDocument } from '../support/rig-operations.ts';

export const everywhere = (rig: Rig): AsyncCache[] => Array.from({ length: rig.threads }, (_, at) => rig.cacheOn(at));
export const last = (rig: Rig): AsyncCache => rig.cacheOn(rig.threads - 1);
export const valueOf = ({ text }: SeenDocument): unknown => (JSON.parse(text!) as { value: unknown }).value;

/** For cases that hold its answers back. */
export const patientOrigin = { ORIGIN_TIMEOUT_MS: '20000' };

/** All threads have begun what they were sent. */
export async function allBegan(rig: Rig): Promise<void> {
  await rig.onEachThread({ ping: true, times: 1 });
}
