import type { SnapshotCell } from './snapshot-cell.ts';
import type { WaitOptions } from './wait.ts';
import { atOnce, slice, type Steps, turn } from './steps.ts';

/** So often a look begins in slices. */
const TRIES = 3;

/**
 * A long look at one version in slices, with turns of the event loop between them. No version is pinned meanwhile, so
 * no writer ever waits for this reader's event loop, and who goes away leaves nothing pinned: instead, the look begins
 * anew when another version was published. One that was overtaken so every time runs at one go in the end.
 *
 * @throws the reason of the call's signal
 */
export async function atOneVersion<T>(snapshots: SnapshotCell, look: () => Steps<T>, call: WaitOptions): Promise<T> {
  for (let tried = 0; tried < TRIES; tried++) {
    const { version } = snapshots;
    const steps = look();
    for (;;) {
      const { step } = snapshots.read(() => ({ step: snapshots.version === version ? slice(steps) : undefined }));
      if (step === undefined) break;
      if (step.done === true) return step.value;
      await turn(call);
    }
  }
  return snapshots.read(() => ({ result: atOnce(look()) })).result;
}
