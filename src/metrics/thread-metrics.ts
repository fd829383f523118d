/** The metrics of the service as one of its threads counts and tells them. */
import process from 'node:process';
import type { Attached } from '../threads/attach.ts';
import type { ServiceMemory } from '../threads/memory.ts';
import { repairsIn } from '../threads/recovery.ts';
import { type Slot, ThreadTable } from '../sync/thread-table.ts';
import type { OnAnswer } from '../http/exchange.ts';
import type { ServerCounts } from '../http/server.ts';
import type { Call } from '../resources/call.ts';
import { counter, type Family, gauge, textOf } from './families.ts';
import { LockWatch } from './lock-watch.ts';
import { requestFamilies } from './request-families.ts';
import { RequestMeter } from './request-meter.ts';
import type { NumberedRoutes } from './route-labels.ts';
import { stateFamilies } from './state-families.ts';
import { cellLabels, lockFamilies, threadFamilies } from './thread-families.ts';
import { type Publisher, startPublisher, ThreadGauges } from './thread-gauges.ts';

export class ThreadMetrics {
  readonly #memory: ServiceMemory;
  readonly #position: number;
  readonly #cells: readonly string[];
  readonly #locks: LockWatch;
  readonly #gauges: ThreadGauges;
  readonly #meter: RequestMeter;
  readonly #routes: () => NumberedRoutes;
  #publisher: Publisher | undefined;

  /**
   * To be made before the cells are attached: it hears of their locks as they are made.
   *
   * @param routes those of the app, once there is one
   */
  constructor(memory: ServiceMemory, slot: Slot, routes: () => NumberedRoutes) {
    const position = ThreadTable.positionOf(slot);
    this.#memory = memory;
    this.#routes = routes;
    this.#position = position;
    this.#cells = [...memory.cells.keys()];
    this.#locks = new LockWatch(this.#cells);
    this.#gauges = new ThreadGauges(memory.metrics.gauges);
    this.#meter = new RequestMeter(memory.metrics.requests, position);
  }

  /** Counts an answer. */
  readonly onAnswer: OnAnswer = (context, _requestId, status, elapsedMs) => {
    this.#meter.record(this.#routes().of(context), status, elapsedMs);
  };

  /** @param server what connections and bodies take on this thread */
  start(server: () => ServerCounts): void {
    this.#publisher = startPublisher(this.#gauges, {
      position: this.#position,
      server,
      locks: () => this.#locks.counts(),
    });
  }

  stop(): void {
    this.#publisher?.stop();
  }

  /** All threads added up, as Prometheus wants it. */
  async text({ served, mailboxes }: Pick<Attached, 'served' | 'mailboxes'>, call: Call): Promise<string> {
    this.#publisher?.publish();
    return textOf([
      ...requestFamilies(this.#routes().labels, this.#meter),
      ...lockFamilies(this.#cells, this.#gauges),
      counter('lock_repairs_total', 'Times that a next owner repaired what a dead one left', this.#repairs()),
      gauge(
        'mailbox_depth',
        'Messages that wait for the owner',
        mailboxes.map(({ name, permits }) => ({ labels: cellLabels(name), value: permits.taken })),
      ),
      counter(
        'mailbox_skipped_total',
        'Messages that the owner did not begin, since whoever asked had given up',
        mailboxes.map(({ name, permits }) => ({ labels: cellLabels(name), value: permits.skipped })),
      ),
      counter(
        'snapshot_versions_total',
        'Versions that were published',
        this.#locks.versions().map(({ cell, versions }) => ({ labels: cellLabels(cell), value: versions })),
      ),
      ...(await stateFamilies(served, call)),
      ...threadFamilies(this.#gauges, this.#meter.perThread()),
      ...processFamilies(),
    ]);
  }

  #repairs() {
    return Array.from(this.#memory.cells, ([cell, { locks }]) => ({
      labels: cellLabels(cell),
      value: repairsIn(new Int32Array(locks)),
    }));
  }
}

function processFamilies(): Family[] {
  const { user, system } = process.cpuUsage();
  return [
    counter('process_cpu_seconds_total', 'CPU time of all threads', [{ labels: {}, value: (user + system) / 1e6 }]),
    gauge('process_resident_memory_bytes', 'Memory of the process', [{ labels: {}, value: process.memoryUsage.rss() }]),
  ];
}
