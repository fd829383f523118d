/** What the loads of one bottleneck say, and whether they say anything. */
import type { Verdict } from '../verdict.ts';
import { p99, type Seen } from './clients.ts';

export const OVERLOAD = 2;
export const MOST_SLOWER = 2;
/** Of the normal p99 may be this client's own lateness. */
export const MOST_LATE = 0.25;
/** Of twice the capacity must have been sent. */
const LEAST_SENT = 0.95;

export interface Found {
  readonly bottleneck: { readonly name: string };
  readonly capacityPerSecond: number;
  readonly normal: Seen;
  readonly overload: Seen;
  /** At the normal rate again, right after. */
  readonly after: Seen;
  /** Many clients that wait for each other, but bring no more work than is done. */
  readonly closed: Seen;
  /** The same with the settings that it has by default. */
  readonly closedByDefault: Seen;
}

export function slower({ normal, overload }: Found): number {
  return p99(overload.acceptedMs) / p99(normal.acceptedMs);
}

/** Answers that are wrong, however quick or late this client was. */
export function faults({ bottleneck, normal, overload, after, closed, closedByDefault }: Found): string[] {
  return [normal, overload, after, closed, closedByDefault].flatMap((seen) =>
    Array.from(seen.wrong, ([fault, times]) => `${bottleneck.name}: ${times} x ${fault}`),
  );
}

/** What its figures say against it, if they say anything. */
export function objections(found: Found): string[] {
  const { overload, after, closedByDefault, bottleneck } = found;
  const said: string[] = [];
  if (!(slower(found) <= MOST_SLOWER)) said.push(`p99 of the accepted is ${slower(found).toFixed(2)} times the normal`);
  if (overload.refused === 0) said.push('nothing was refused');
  if (after.refused > 0.01 * after.sent) said.push(`${after.refused} of ${after.sent} refused when it was over`);
  if (closedByDefault.refused > 0) said.push(`${closedByDefault.refused} refused by default`);
  return said.map((objection) => `${bottleneck.name}: ${objection}`);
}

/** Why its figures say nothing. */
export function doubts({ bottleneck, normal, overload, capacityPerSecond }: Found): string[] {
  const said: string[] = [];
  const share = overload.sent / overload.seconds / capacityPerSecond;
  if (share < LEAST_SENT * OVERLOAD) said.push(`this client sent ${share.toFixed(2)} times the capacity only`);
  for (const [load, { lateMs }] of Object.entries({ normal, overload })) {
    const late = p99(lateMs) / p99(normal.acceptedMs);
    if (!(late <= MOST_LATE))
      said.push(`at ${load} this client was late itself, by ${late.toFixed(2)} of the normal p99`);
  }
  return said.map((doubt) => `${bottleneck.name}: ${doubt}`);
}

/** A wrong answer refutes at once; figures do where nothing speaks against them. One bottleneck does not excuse another. */
export function verdictOf(all: readonly Found[]): Verdict {
  const isRefuted = (found: Found): boolean =>
    faults(found).length > 0 || (doubts(found).length === 0 && objections(found).length > 0);
  if (all.some(isRefuted)) return 'refuted';
  return all.some((found) => doubts(found).length > 0) ? 'void' : 'proved';
}
