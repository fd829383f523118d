/**
 * Milliseconds on a clock that never goes back and that every thread of the process reads alike, so that a deadline can
 * be posted to another thread. `performance.now()` counts from the start of its own thread.
 */
export function processNowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}
