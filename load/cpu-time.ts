/** CPU time of a process over all its threads, sampled from outside, so that every strategy pays the same for it. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Linux reports CPU time in ticks of USER_HZ, which is 100 on every architecture Node runs on. */
const TICKS_PER_SECOND = 100;

const hasProc = existsSync('/proc/self/stat');

/** User and system time in ms out of the text of /proc/<pid>/stat. */
export function cpuMsFromStat(stat: string): number {
  // The name in parentheses may itself contain blanks and parentheses, so count fields from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [userTicks, systemTicks] = [Number(fields[11]), Number(fields[12])];
  return ((userTicks + systemTicks) * 1000) / TICKS_PER_SECOND;
}

/** CPU time in ms out of `ps -o time=`: [[days-]hours:]minutes:seconds, with a fraction on macOS. */
export function cpuMsFromPs(text: string): number {
  const [clock = '', days = '0'] = text.trim().split('-').reverse();
  const seconds = clock.split(':').reduce((total, part) => total * 60 + Number(part), 0);
  return (Number(days) * 86_400 + seconds) * 1000;
}

/** CPU time of a process since its start, over all threads. */
export async function readCpuMs(pid: number): Promise<number> {
  if (hasProc) return cpuMsFromStat(await readFile(`/proc/${pid}/stat`, 'utf8'));
  const { stdout } = await promisify(execFile)('ps', ['-o', 'time=', '-p', String(pid)]);
  return cpuMsFromPs(stdout);
}

/** CPU time of one thread in ms out of the text of /proc/<pid>/task/<tid>/schedstat, which counts in ns. */
export function cpuMsFromSchedstat(schedstat: string): number {
  return Number(schedstat.split(' ')[0]) / 1e6;
}

/**
 * CPU time of a process over its threads that live, to the microsecond where the system counts so: of a few thousand
 * requests, a tick of 10 ms is several percent. A thread that ends takes its time with it.
 */
export async function readFineCpuMs(pid: number): Promise<number> {
  const threads = hasProc ? await readdir(`/proc/${pid}/task`) : [];
  const each = await Promise.all(threads.map((thread) => schedstatOf(pid, thread)));
  const known = each.filter((ms) => ms !== undefined);
  return known.length === 0 ? await readCpuMs(pid) : known.reduce((sum, ms) => sum + ms, 0);
}

/** Undefined for a thread that has just ended, and on kernels that do not count. */
async function schedstatOf(pid: number, thread: string): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : cpuMsFromSchedstat(text);
}

export interface CpuSample {
  readonly unixMs: number;
  readonly cpuMs: number;
}

/** CPU time spent between two moments, interpolated between samples; undefined where the samples do not cover it. */
export function cpuMsBetween(samples: readonly CpuSample[], fromUnixMs: number, toUnixMs: number): number | undefined {
  const from = cpuMsAt(samples, fromUnixMs);
  const to = cpuMsAt(samples, toUnixMs);
  return from === undefined || to === undefined ? undefined : to - from;
}

function cpuMsAt(samples: readonly CpuSample[], unixMs: number): number | undefined {
  const next = samples.findIndex((sample) => sample.unixMs >= unixMs);
  const after = samples[next];
  if (after === undefined) return undefined;
  const before = samples[next - 1];
  if (before === undefined) return after.unixMs === unixMs ? after.cpuMs : undefined;
  const share = (unixMs - before.unixMs) / (after.unixMs - before.unixMs);
  return before.cpuMs + share * (after.cpuMs - before.cpuMs);
}

/** Samples the CPU time of a process until disposed. */
export class CpuSampler implements Disposable {
  readonly samples: CpuSample[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    const sample = async () => {
      const unixMs = Date.now();
      try {
        this.samples.push({ unixMs, cpuMs: await readCpuMs(pid) });
      } catch {
        // The process has gone; whoever waits for it says so.
      }
    };
    void sample();
    this.#timer = setInterval(() => void sample(), hasProc ? 100 : 1000);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
