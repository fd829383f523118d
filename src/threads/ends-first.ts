import type { Worker } from 'node:worker_threads';

/** Rejects when a thread ends; to race against what it should do first. Never an unhandled rejection. */
export function endsFirst(worker: Worker, name: string): Promise<never> {
  const ended = new Promise<never>((_resolve, reject) => {
    worker.once('exit', () => reject(new Error(`${name} ended before it was ready`)));
  });
  ended.catch(() => {});
  return ended;
}
