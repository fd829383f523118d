/** One of two threads: bursts of hits, beside an event loop that is watched. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as after } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { MisuseError } from '../../errors.ts';
import { type LabMemory, LabSeat } from '../lab-memory.ts';
import { rendezvous, report } from '../lab-thread.ts';
import type { Version } from '../pitfall.ts';
import * as broken from './broken.ts';
import * as fixed from './fixed.ts';

export interface HitsData {
  readonly version: Version;
  readonly memory: LabMemory;
  readonly position: number;
  readonly bursts: number;
  readonly hitsPerBurst: number;
  readonly storeMs: number;
}

export interface HitsFindings {
  readonly deadlocks: number;
  readonly loopP99Ms: number;
}

const { version, memory, position, bursts, hitsPerBurst, storeMs } = workerData as HitsData;
using seat = new LabSeat(memory, position);
const hits = new { broken, fixed }[version].Hits(seat);
const delay = monitorEventLoopDelay({ resolution: 1 });
await rendezvous();

let deadlocks = 0;
delay.enable();
for (let burst = 0; burst < bursts; burst++) {
  const answers = Array.from({ length: hitsPerBurst }, () => hits.hit(() => after(storeMs)));
  for (const answer of await Promise.allSettled(answers)) {
    if (answer.status === 'fulfilled') continue;
    if (!(answer.reason instanceof MisuseError)) throw answer.reason;
    deadlocks += 1;
  }
}
delay.disable();
report({ deadlocks, loopP99Ms: delay.percentile(99) / 1e6 } satisfies HitsFindings);
