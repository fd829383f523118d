/** What a run of the proof is asked for. */
import { parseArgs } from 'node:util';
import { strategies } from '../../src/strategies/index.ts';
import { positive } from '../command.ts';

export const help = `node prove/connections.ts [flags]
  --strategy <names>  only these, separated by commas
  --part <names>      only these, separated by commas: expiry, broadcast, listing, memory
  --count <n>         registrations, three of ten of which fall silent     (100000)
  --ttl <ms>          time to live; long enough to hear everybody within   (40000)
  --sockets <n>       WebSockets in ten rooms                              (1000)
  --seconds <n>       that they talk                                       (60)
  --rate <n>          messages per second                                  (40)
  --kills <n>         threads that die meanwhile                           (3)
  --listed <n>        connections in the room that is listed               (10000)
  --turns <n>         seconds of each kind beside which a bystander stands (10)
  --rounds <n>        of a soak in which all WebSockets leave and return   (20)
  --evidence          write docs/evidence/connections.md once all parts and strategies are proved`;

const PARTS = ['expiry', 'broadcast', 'listing', 'memory'] as const;

export type Part = (typeof PARTS)[number];
export type Plan = ReturnType<typeof planOf>;

/** @throws {TypeError} a flag is wrong */
export function planOf(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      strategy: { type: 'string' },
      part: { type: 'string' },
      count: { type: 'string', default: '100000' },
      ttl: { type: 'string', default: '40000' },
      sockets: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '60' },
      rate: { type: 'string', default: '40' },
      kills: { type: 'string', default: '3' },
      listed: { type: 'string', default: '10000' },
      turns: { type: 'string', default: '10' },
      rounds: { type: 'string', default: '20' },
      evidence: { type: 'boolean', default: false },
    },
  });
  const { strategy, part, evidence } = values;
  if (evidence && (strategy ?? part) !== undefined) {
    throw new TypeError('--evidence: it is of all parts and strategies, so leave out --part and --strategy');
  }
  const shared = strategies.filter(({ kind }) => kind === 'strategy').map(({ name }) => name);
  const number = (flag: Exclude<keyof typeof values, 'strategy' | 'part' | 'evidence'>) =>
    positive(`--${flag}`, values[flag]);
  const sockets = number('sockets');
  return {
    names: chosen('--strategy', strategy ?? shared.join(), shared),
    parts: chosen('--part', part ?? PARTS.join(), PARTS),
    count: number('count'),
    ttlMs: number('ttl'),
    broadcast: {
      sockets,
      rooms: 10,
      seconds: number('seconds'),
      rate: number('rate'),
      kills: number('kills'),
    },
    listing: {
      connections: number('listed'),
      rounds: number('turns'),
      limit: 1_000,
      listingsPerSecond: 20,
      heartbeatsPerSecond: 380,
    },
    memory: { sockets, rounds: number('rounds'), warmUpReconnects: 4_000 },
    evidence,
  };
}

/** @throws {TypeError} one is not known */
function chosen(flag: string, text: string, known: readonly string[]): string[] {
  const names = text.split(',');
  for (const name of names) if (!known.includes(name)) throw new TypeError(`${flag}: there is no "${name}"`);
  return names;
}
