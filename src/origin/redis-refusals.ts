/**
 * What Redis may answer instead of doing what it was told: one table of its kinds. Its own words name scripts, lines and
 * users; they are for the log, and a client gets ours.
 */
import { FencedError, type Outcome, OriginFailedError, OriginFullError, type SharedStateError } from '../errors.ts';

interface Refusal {
  /** What is wrong and what to change, after "Redis". */
  readonly says: string;
  /** Whether it comes before the first change of a script, so that surely nothing was changed. */
  readonly changedNothing: boolean;
  /** Another server may have taken its place under the same name: the connection is made anew. */
  readonly reconnects?: true;
  readonly error?: new (message: string, outcome: Outcome, options: ErrorOptions) => SharedStateError;
}

const before = { changedNothing: true } as const;
const elsewhere = { changedNothing: true, reconnects: true } as const;
const cluster = { ...before, says: 'is a cluster, which this service cannot use; set REDIS_URL to a single server' };

/** By the first word of the answer. */
const refusals: Readonly<Record<string, Refusal>> = {
  // Of our own scripts.
  FENCED: {
    ...before,
    says: 'belongs to a newer service process, which has taken over this namespace; stop this one, or start it with another REDIS_NAMESPACE',
    error: FencedError,
  },
  EPOCHLOST: {
    ...before,
    says: 'has lost what it had, this service process’s claim to the namespace included; start it again',
    error: FencedError,
  },
  FOREIGN: {
    ...before,
    says: 'holds something under our keys that this service did not write; take another REDIS_NAMESPACE',
  },
  // Of Redis, which looks for all of these before a script's first change.
  WRONGTYPE: {
    ...before,
    says: 'holds something under our keys that this service did not write; take another REDIS_NAMESPACE',
  },
  OOM: {
    ...before,
    says: 'has no memory left for writes; raise its maxmemory, or delete documents',
    error: OriginFullError,
  },
  READONLY: { ...elsewhere, says: 'is a read-only replica; connecting to its primary is tried all the time' },
  MASTERDOWN: { ...elsewhere, says: 'is a replica that has lost its primary' },
  LOADING: { ...before, says: 'is still loading its data' },
  MISCONF: { ...before, says: 'refuses writes because it cannot save to its disk' },
  NOREPLICAS: { ...before, says: 'refuses writes because it has too few replicas' },
  BUSY: { ...before, says: 'is busy with a script of another client' },
  NOAUTH: { ...before, says: 'wants a password; put it into REDIS_URL' },
  WRONGPASS: { ...before, says: 'does not accept the user and password of REDIS_URL' },
  DATABASE: { ...before, says: 'has no database of the number in REDIS_URL' },
  MOVED: cluster,
  ASK: cluster,
  CROSSSLOT: cluster,
  CLUSTERDOWN: cluster,
  // Permissions are looked at command by command, also in the middle of a script.
  NOPERM: { changedNothing: false, says: 'does not permit its user what this service needs; see docs/operations.md' },
};

const unknownRefusal: Refusal = { changedNothing: false, says: 'refused the command; the log has its words' };

/** The words before Redis 7 put around the error of a command in a script. */
const WRAPPED = /^ERR Error running script .*?-([A-Z]+) /s;
/** What has no word of its own, or not in every version. */
const WORDED: readonly (readonly [words: RegExp, kind: string])[] = [
  [/^ERR DB index/, 'DATABASE'],
  [/^ERR The user executing the script/, 'NOPERM'],
];

/** Whether Redis itself answered, with an error. */
export function isRefusal(error: Error): boolean {
  return error.name === 'ReplyError'; // the class itself would load the client where only its answers are read
}

/** The word that names the kind of an answer. */
export function refusalKind({ message }: Error): string {
  const worded = WORDED.find(([words]) => words.test(message))?.[1];
  return worded ?? WRAPPED.exec(message)?.[1] ?? /^[A-Z]+\b/.exec(message)?.[0] ?? 'ERR';
}

/** Whether a new connection may find another server, which does not refuse. */
export function mayBeElsewhere(error: Error): boolean {
  return refusals[refusalKind(error)]?.reconnects === true;
}

/** What is wrong, without what only the log may say. */
export function refusalText(error: Error): string {
  return `Redis ${(refusals[refusalKind(error)] ?? unknownRefusal).says}`;
}

/**
 * Redis' answer as one of our errors.
 *
 * @param ifLost what is true where nobody can know how far a script came
 */
export function refused(error: Error, ifLost: Outcome): SharedStateError {
  const { changedNothing, error: Failure = OriginFailedError } = refusals[refusalKind(error)] ?? unknownRefusal;
  return new Failure(refusalText(error), changedNothing ? 'not-applied' : ifLost, { cause: error });
}
