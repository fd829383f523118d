/** One ask as its outbox keeps it, and many of them as they travel. */
import type { Batch, ReplyTiming } from './mailbox.ts';
import { Oneshot } from './oneshot.ts';
import { processNowMs } from './process-clock.ts';
import type { Timing, WaitOptions } from './wait.ts';

export class Ask<M, R> extends Oneshot<R> {
  /** Given when it is sent; 0 before. */
  id = 0;
  readonly message: M;
  readonly timing: Timing | undefined;
  readonly startedMs: number;
  readonly untilMs: number;

  constructor(message: M, { remainingMs = Infinity, timing }: WaitOptions, nowMs: number) {
    super();
    this.message = message;
    this.timing = timing;
    this.startedMs = nowMs;
    this.untilMs = nowMs + remainingMs;
  }
}

/** What the receiver is sent for these asks, whose ids count up from the first. */
export function batchOf<M>(
  asks: readonly Pick<Ask<M, unknown>, 'message' | 'untilMs' | 'timing'>[],
  firstId: number,
): Batch<M> {
  const messages: M[] = [];
  let deadlinesMs: number[] | undefined;
  let aheadMs = 0;
  let timed: number[] | undefined;
  for (const [index, ask] of asks.entries()) {
    messages.push(ask.message);
    if (ask.untilMs !== Infinity) {
      if (deadlinesMs === undefined) {
        deadlinesMs = Array.from({ length: asks.length }, () => Infinity);
        aheadMs = processNowMs() - performance.now();
      }
      deadlinesMs[index] = ask.untilMs + aheadMs;
    }
    if (ask.timing !== undefined) (timed ??= []).push(index);
  }
  return [firstId, messages, deadlinesMs, timed];
}

/** Adds what the receiver spent on an ask, and what is left of its wait. */
export function addTiming(
  { timing, startedMs }: Pick<Ask<unknown, unknown>, 'timing' | 'startedMs'>,
  { holdMs, originMs }: ReplyTiming,
): void {
  if (timing === undefined) return;
  timing.add('wait', performance.now() - startedMs - holdMs - originMs);
  timing.add('hold', holdMs);
  if (originMs > 0) timing.add('origin', originMs);
}
