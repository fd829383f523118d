/** A thread of a demonstration: it gets ready, goes when it is told to, and ends with its findings. */
import { once } from 'node:events';
import { parentPort, Worker } from 'node:worker_threads';

/** In the thread: says that all is prepared, and waits until main says go. */
export async function rendezvous(ready?: unknown): Promise<void> {
  parentPort!.postMessage(ready);
  await once(parentPort!, 'message');
}

/** In the thread: the last thing it does. */
export function report(findings: unknown): void {
  parentPort!.postMessage(findings);
  parentPort!.close();
}

/** A thread as main sees it. Disposing of it ends it wherever it is. */
export class LabThread<Findings, Ready = void> implements AsyncDisposable {
  readonly ready: Ready;
  readonly #worker: Worker;
  readonly #findings: Promise<[Findings]>;

  private constructor(worker: Worker, ready: Ready, findings: Promise<[Findings]>) {
    this.#worker = worker;
    this.ready = ready;
    this.#findings = findings;
  }

  /** @throws what the thread threw before it was ready */
  static async start<Findings, Ready = void>(entry: URL, workerData: unknown): Promise<LabThread<Findings, Ready>> {
    const worker = new Worker(entry, { workerData });
    const ended = new AbortController();
    worker.once('exit', () => ended.abort());
    const next = (): Promise<unknown> => once(worker, 'message', ended);
    const [ready] = (await next()) as [Ready];
    const findings = next() as Promise<[Findings]>; // from now on, so that no error of the thread goes unheard
    findings.catch(() => {}); // thrown where they are asked for
    return new LabThread<Findings, Ready>(worker, ready, findings);
  }

  /** Says go, and waits for what the thread found. @throws what the thread threw; it ended without findings */
  async findings(): Promise<Findings> {
    this.#worker.postMessage('go');
    const [findings] = await this.#findings;
    return findings;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Starts one thread per item, lets all go together, and returns what each found. */
export async function findingsOf<Findings>(entry: URL, data: readonly unknown[]): Promise<Findings[]> {
  await using stack = new AsyncDisposableStack();
  const threads = await Promise.all(
    data.map(async (workerData) => stack.use(await LabThread.start<Findings>(entry, workerData))),
  );
  return await Promise.all(threads.map((thread) => thread.findings()));
}
