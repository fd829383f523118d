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

  private constructor(worker: Worker, ready: Ready) {
    this.#worker = worker;
    this.ready = ready;
  }

  /** @throws what the thread threw before it was ready */
  static async start<Findings, Ready = void>(entry: URL, workerData: unknown): Promise<LabThread<Findings, Ready>> {
    const worker = new Worker(entry, { workerData });
    const [ready] = (await once(worker, 'message')) as [Ready];
    return new LabThread<Findings, Ready>(worker, ready);
  }

  /** Says go, and waits for what the thread found. */
  async findings(): Promise<Findings> {
    const [findings] = await this.#tell();
    return findings;
  }

  async #tell(): Promise<[Findings]> {
    const answered = once(this.#worker, 'message') as Promise<[Findings]>;
    this.#worker.postMessage('go');
    return answered;
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
