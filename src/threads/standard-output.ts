import { writeSync } from 'node:fs';
import { type DestinationStream, pino } from 'pino';

/** Kept while nobody reads, or writing fails; what comes then is dropped. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** How long the last line of a process waits for somebody who reads slowly. */
const LAST_LINE_MS = 500;
const RETRY_EVERY_MS = 10;

export interface OutputOptions {
  readonly dest?: number;
  /** Lines are written once they are so many bytes together, or the time is over. */
  readonly minLength?: number;
  readonly periodicFlush?: number;
}

/**
 * Standard output as a thread's log writes to it: at once, because a thread that ends does not wait for its lines. A log
 * that nobody reads costs its lines, never a request: what finds no room, or fails to be written, is kept and tried again
 * with the next line. Once a megabyte is kept lines are dropped; how many is told in the next one that is not.
 */
export class StandardOutput implements DestinationStream {
  readonly #lines: ReturnType<typeof pino.destination>;
  #last = '';
  #dropped = 0;
  #hasFailed = false;

  constructor(options: OutputOptions) {
    this.#lines = pino.destination({
      dest: 1,
      sync: true,
      maxLength: MAX_UNREAD_BYTES,
      retryEAGAIN: () => false, // but with the next line: to wait for room would stop the event loop
      ...options,
    });
    // In place of pino's own listener, which writes nothing more for good once a reader has gone.
    this.#lines.removeAllListeners('error').on('error', () => (this.#hasFailed = true));
    this.#lines.on('drop', () => (this.#dropped += 1));
  }

  write(line: string): void {
    this.#last = line;
    const dropped = this.#dropped;
    if (dropped > 0) this.#retry(); // with all that is kept, a line would be dropped before anything is tried
    this.#lines.write(dropped > 0 ? `{"dropped":${dropped},${line.slice(1)}` : line);
    if (this.#dropped === dropped) this.#dropped = 0;
  }

  flush(): void {
    this.#lines.flush();
  }

  /**
   * pino calls it after a line at level fatal, the last one. That one may wait a little; where it still cannot be written,
   * it goes to standard error.
   */
  flushSync(): void {
    const untilMs = performance.now() + LAST_LINE_MS;
    while (!this.#retry() && performance.now() < untilMs) sleep(RETRY_EVERY_MS);
    if (!this.#hasFailed && this.#dropped === 0) return;
    try {
      writeSync(process.stderr.fd, this.#last);
    } catch {
      // There is nobody to tell.
    }
  }

  /** Writes what is kept. @returns whether all of it could be written */
  #retry(): boolean {
    this.#hasFailed = false;
    this.#lines.write('');
    return !this.#hasFailed;
  }
}

function sleep(forMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs);
}
