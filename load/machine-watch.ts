/**
 * What the whole machine did while something was measured, sampled from outside. Where there is no /proc, nothing is
 * known beyond the service's own CPU time, and the gate has only the generator's lag to go by.
 */
import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { cpuMsBetween, readCpuMs, readFineCpuMs, type CpuSample } from './cpu-time.ts';

/** CPU time of all cores since the start of the machine, in ms. */
export interface MachineCpu {
  /** Spent by programs: user, nice and system. The kernel's own interrupt work belongs to nobody. */
  readonly programsMs: number;
  readonly busyMs: number;
  readonly stealMs: number;
  readonly totalMs: number;
}

const MS_PER_TICK = 10;
const SAMPLE_EVERY_MS = 100;
const hasProc = existsSync('/proc/stat');

/** Out of the text of /proc/stat; see proc(5) for the columns. */
export function machineCpuFrom(stat: string): MachineCpu {
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = stat
    .slice(0, stat.indexOf('\n'))
    .trim()
    .split(/\s+/u)
    .slice(1)
    .map((ticks) => Number(ticks) * MS_PER_TICK);
  const programsMs = user + nice + system;
  const busyMs = programsMs + irq + softirq;
  return { programsMs, busyMs, stealMs: steal, totalMs: busyMs + steal + idle + iowait };
}

type Series = 'programs' | 'busy' | 'steal' | 'total';

export interface MachineUse {
  /** Of the processes that were included: the generator's. */
  readonly generatorCpuMs?: number | undefined;
  readonly serviceCpuMs: number | undefined;
  readonly foreignCores: number | undefined;
  readonly stealShare: number | undefined;
  readonly busyShare: number | undefined;
}

/** Samples the machine and the processes of the comparison until disposed. */
export class MachineWatch implements Disposable {
  readonly #machine: Record<Series, CpuSample[]> = { programs: [], busy: [], steal: [], total: [] };
  readonly #processes = new Map<number, CpuSample[]>();
  readonly #servicePid: number;
  readonly #generators: number[] = [];
  readonly #timer: NodeJS.Timeout;

  /** @param pids the service's own first, then others that are part of the comparison */
  constructor(pids: readonly [service: number, ...others: number[]]) {
    this.#servicePid = pids[0];
    for (const pid of [...pids, process.pid]) this.#processes.set(pid, []);
    void this.#sample();
    this.#timer = setInterval(() => void this.#sample(), hasProc ? SAMPLE_EVERY_MS : 1000);
  }

  /** Counts a generator as part of the comparison. */
  include(pid: number): void {
    this.#generators.push(pid);
    this.#processes.set(pid, []);
  }

  /** What happened between two moments, as far as the samples cover them. */
  between(fromUnixMs: number, toUnixMs: number): MachineUse {
    const spent = (samples: readonly CpuSample[]) => cpuMsBetween(samples, fromUnixMs, toUnixMs);
    const running = (samples: readonly CpuSample[]) =>
      samples.length === 0 || (samples.at(-1)!.unixMs > fromUnixMs && samples[0]!.unixMs < toUnixMs);
    const serviceCpuMs = spent(this.#processes.get(this.#servicePid) ?? []);
    const ofGenerators = this.#generators
      .map((pid) => this.#processes.get(pid)!)
      .filter(running)
      .map(spent);
    const generatorCpuMs =
      ofGenerators.length === 0 || ofGenerators.includes(undefined)
        ? undefined
        : ofGenerators.reduce<number>((sum, ms) => sum + ms!, 0);
    const [programs, busy, steal, total] = (['programs', 'busy', 'steal', 'total'] as const).map((name) =>
      spent(this.#machine[name]),
    );
    const own = [...this.#processes.values()].filter(running).map(spent);
    if (programs === undefined || busy === undefined || steal === undefined || !total || own.includes(undefined)) {
      return { serviceCpuMs, generatorCpuMs, foreignCores: undefined, stealShare: undefined, busyShare: undefined };
    }
    const ownMs = own.reduce<number>((sum, ms) => sum + ms!, 0);
    return {
      serviceCpuMs,
      generatorCpuMs,
      foreignCores: Math.max(0, programs - ownMs) / (toUnixMs - fromUnixMs),
      stealShare: steal / total,
      busyShare: busy / total,
    };
  }

  async #sample(): Promise<void> {
    await Promise.all([
      this.#sampleMachine(),
      ...[...this.#processes].map(async ([pid, samples]) => {
        const unixMs = Date.now();
        // A process that has gone keeps the samples it has; whoever waits for it says so.
        const read = pid === this.#servicePid ? readFineCpuMs : readCpuMs;
        await read(pid).then(
          (cpuMs) => samples.push({ unixMs, cpuMs }),
          () => {},
        );
      }),
    ]);
  }

  async #sampleMachine(): Promise<void> {
    if (!hasProc) return;
    const unixMs = Date.now();
    const { programsMs, busyMs, stealMs, totalMs } = machineCpuFrom(await readFile('/proc/stat', 'utf8'));
    this.#machine.programs.push({ unixMs, cpuMs: programsMs });
    this.#machine.busy.push({ unixMs, cpuMs: busyMs });
    this.#machine.steal.push({ unixMs, cpuMs: stealMs });
    this.#machine.total.push({ unixMs, cpuMs: totalMs });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
