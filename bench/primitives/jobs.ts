/** Every job that a thread of the bench can do. A thread loads the module of its own job and no other. */
import type { Job } from './job.ts';

const modules = {
  locks: () => import('./jobs/locks.ts'),
  'async-locks': () => import('./jobs/async-locks.ts'),
  counters: () => import('./jobs/counters.ts'),
  snapshots: () => import('./jobs/snapshots.ts'),
  'cache-hits': () => import('./jobs/cache-hits.ts'),
  asks: () => import('./jobs/asks.ts'),
} as const;

type Modules = typeof modules;
type JobsIn<Module extends keyof Modules> = Awaited<ReturnType<Modules[Module]>>;

export type JobName = { [Module in keyof Modules]: readonly [Module, keyof JobsIn<Module>] }[keyof Modules];

export async function loadJob([module, name]: JobName): Promise<Job> {
  const jobs = (await modules[module]()) as Readonly<Record<string, Job>>;
  return jobs[name]!;
}
