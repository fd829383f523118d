import type { SnapshotCell } from './snapshot-cell.ts';
import type { WaitOptions } from './wait.ts';
import { atOnce, slice, type Steps, turn } from './steps.ts';

/**
 * A long look at one version in slices, with turns of the event loop between them. No version is pinned meanwhile, so
 * no writer ever waits for this reader's event loop, and who goes away leaves nothing pinned: instead, the look begins
 * anew when another version was published, and this time runs at one go.
 *
 * @throws the reason of the call's signal
 */
export async function atOneVersion<T>(snapshots: SnapshotCell, look: () => Steps<T>, call: WaitOptions): Promise<T> {
  const { version } = snapshots;
  const steps = look();
  for (;;) {
    const { step } = snapshots.read(() => ({ step: snapshots.version === version ? slice(steps) : undefined }));
    if (step === undefined) return snapshots.read(() => ({ result: atOnce(look()) })).result;
    if (step.done === true) return step.value;
    await turn(call);
  }
}
