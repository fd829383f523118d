/** What a run of the proof found, and what that means. */
import type { BroadcastRun } from '../../test/support/connections-broadcast.ts';
import type { ExpiryRun } from '../../test/support/connections-expiry.ts';
import type { ListingRun } from '../../test/support/connections-listing.ts';
import { judgeLeak, type MemoryRun } from '../../test/support/connections-memory.ts';
import type { Verdict } from '../verdict.ts';

/** Parts that were not asked for are not there. */
export interface Found {
  readonly expiry: readonly Named<ExpiryRun>[];
  readonly broadcast: readonly Named<BroadcastRun>[];
  readonly listing: readonly Named<ListingRun>[];
  readonly memory: readonly Named<MemoryRun>[];
}

export interface Named<Run> {
  readonly name: string;
  readonly run: Run;
}

/** Strategies whose listings hold nobody up: a bystander's p99 stays within so many times that of an idle service. */
export const UNNOTICED = ['snapshot', 'sharded'];
export const UNNOTICED_TIMES = 2;
/** Halves of the idle measurement that differ by more say that the machine is busy with something else. */
const UNSTEADY_TIMES = 2;

export function verdictOf(found: Found): Verdict {
  const verdicts = [
    ...found.expiry.map(({ run }) => expiryVerdict(run)),
    ...found.broadcast.map(({ run }) => broadcastVerdict(run)),
    ...found.listing.map(({ name, run }) => listingVerdict(name, run)),
    ...found.memory.map(({ run }) => memoryVerdict(run)),
  ];
  return verdicts.find((one) => one === 'refuted') ?? verdicts.find((one) => one === 'void') ?? 'proved';
}

function expiryVerdict({ lost, ghosts, sweptEarly, disagreements, late }: ExpiryRun): Verdict {
  if (lost + ghosts + sweptEarly + disagreements > 0) return 'refuted';
  return late > 0 ? 'void' : 'proved';
}

function broadcastVerdict(run: BroadcastRun): Verdict {
  const { sent, delivered, lost, doubled, reordered, closedUnasked, disagreements } = run;
  if (lost + doubled + reordered + closedUnasked + disagreements > 0) return 'refuted';
  return delivered < sent ? 'void' : 'proved';
}

export function listingVerdict(name: string, { idleMs, listingsMs, idleHalvesMs, failed }: ListingRun): Verdict {
  if (failed > 0) return 'refuted';
  if (!UNNOTICED.includes(name) || listingsMs <= UNNOTICED_TIMES * idleMs) return 'proved';
  const [first, second] = idleHalvesMs;
  return Math.max(first, second) > UNSTEADY_TIMES * Math.min(first, second) ? 'void' : 'refuted';
}

function memoryVerdict({ soak }: MemoryRun): Verdict {
  const { verdict } = judgeLeak(soak);
  return verdict === 'flat' ? 'proved' : verdict === 'grows' ? 'refuted' : 'void';
}
