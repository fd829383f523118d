/** The schedule in memory that all VUs of k6 share: drawn once, however many there are. */
import { SharedArray } from 'k6/data';
import { scheduleOf } from './durations.ts';
import type { LoadProfile } from './profile.ts';

/** Due times of one scenario, read by number of the iteration; undefined behind the last. */
export interface SharedDue {
  readonly count: number;
  readonly asleep: number;
  dueSeconds(iteration: number): number | undefined;
}

export interface SharedSchedule {
  readonly leadSeconds: number;
  readonly open: SharedDue;
  readonly bystander: SharedDue;
}

/** To be called while k6 loads the script. */
export function sharedSchedule(profile: LoadProfile): SharedSchedule {
  const drawn = (part: 'open' | 'bystander') =>
    new SharedArray(`due ${part}`, () => {
      const schedule = scheduleOf(profile);
      return [schedule.leadSeconds, schedule[part].asleep, ...schedule[part].dueSeconds];
    });
  const [open, bystander] = [drawn('open'), drawn('bystander')];
  return { leadSeconds: open[0]!, open: view(open), bystander: view(bystander) };
}

const HEAD = 2;

function view(shared: readonly number[]): SharedDue {
  const count = shared.length - HEAD;
  return {
    count,
    asleep: shared[1]!,
    dueSeconds: (iteration) => (iteration < count ? shared[HEAD + iteration] : undefined),
  };
}
