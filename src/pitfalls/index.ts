/** The registry: one line per pitfall. The lab, its tests, its page and docs/mistakes.md pick up what is here. */
import { anExtraSender } from './an-extra-sender/index.ts';
import { blockingOnALock } from './blocking-on-a-lock/index.ts';
import { blockingTheExecutor } from './blocking-the-executor/index.ts';
import { checkThenAct } from './check-then-act/index.ts';
import { everyMutexAsync } from './every-mutex-async/index.ts';
import { guardAcrossAwait } from './guard-across-await/index.ts';
import { oneMutexAroundAClient } from './one-mutex-around-a-client/index.ts';
import type { Pitfall } from './pitfall.ts';
import { sharingInsteadOfAMessage } from './sharing-instead-of-a-message/index.ts';

/** In the order in which they are best read: from one event loop to several threads, from locks to messages. */
export const pitfalls: readonly Pitfall[] = [
  checkThenAct,
  oneMutexAroundAClient,
  guardAcrossAwait,
  everyMutexAsync,
  blockingOnALock,
  blockingTheExecutor,
  sharingInsteadOfAMessage,
  anExtraSender,
];
