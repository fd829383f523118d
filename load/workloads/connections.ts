/** Proofs of the connection map: it agrees with itself and with what was acknowledged, and no message was lost. */
import { z } from 'zod';
import { ServiceError } from '../errors.ts';
import { connectionNames as names, metricNames } from '../scenarios/profile.ts';
import { burst, jsonOf, request } from './requests.ts';
import { outcomesOf, proofOf } from './tallies.ts';
import type { Proof, Seen, Target } from './workload.ts';

/** How many register one id at once, after the load: of them exactly one may be told that it is new. */
const BURST = 48;
/** Registrations under way at a time while the map is filled. */
const AT_ONCE = 64;

const page = z.object({
  connections: z.array(z.object({ id: z.string() })),
  total: z.int(),
  cursor: z.string().optional(),
});
const sizes = z.object({ rooms: z.array(z.object({ connections: z.int() })) });

/** Those who beat and are looked up, and those who will leave. */
export async function fillRooms(target: Target): Promise<void> {
  const leavers = [false, true].flatMap((isClosed) =>
    Array.from({ length: names.leavers }, (_, index) => names.leaver(isClosed, index)),
  );
  await registerAll(target, [...residents(target), ...leavers], (index) => names.room(index));
}

/** All in one room. */
export async function fillHall(target: Target): Promise<void> {
  await registerAll(target, residents(target), () => names.hall);
}

export async function proveChurn(target: Target, { tallies }: Seen): Promise<Proof> {
  const registered = outcomesOf(tallies, 'registrations');
  const left = outcomesOf(tallies, 'departures');
  const prepared = target.keys + 2 * names.leavers;
  return agrees(target, tallies, {
    least: prepared + registered.acknowledged - left.acknowledged - left.unknown,
    most: prepared + registered.acknowledged + registered.unknown - left.acknowledged,
  });
}

export async function proveListing(target: Target, { tallies }: Seen): Promise<Proof> {
  return agrees(target, tallies, { least: target.keys, most: target.keys });
}

/** What each message was handed to must have been received, each in the order of its sender. */
export async function proveMessages(target: Target, { tallies }: Seen): Promise<Proof> {
  const [delivered, received, disordered] = [metricNames.delivered, metricNames.received, metricNames.disordered].map(
    (name) => tallies[name] ?? 0,
  ) as [number, number, number];
  const fresh = await freshInBurst(target);
  const broken = Math.abs(delivered - received) + disordered + Math.abs(fresh - 1) + (delivered === 0 ? 1 : 0);
  const counted = `${delivered.toLocaleString('en-US')} deliveries to WebSockets, ${received.toLocaleString('en-US')} received`;
  return proofOf(tallies, broken, `${counted}, ${disordered} of them doubled or out of order; ${burstText(fresh)}`);
}

/** Entries, totals and rooms against what must be there; then many registrations of one id at once. */
async function agrees(
  target: Target,
  tallies: Seen['tallies'],
  expected: { readonly least: number; readonly most: number },
): Promise<Proof> {
  const { ids, total } = await listAll(target);
  const { rooms } = sizes.parse(await jsonOf(target, '/rooms'));
  const inRooms = rooms.reduce((sum, { connections }) => sum + connections, 0);
  const distinct = new Set(ids).size;
  const fresh = await freshInBurst(target);
  const outside = Math.max(0, expected.least - distinct, distinct - expected.most);
  const disagreeing = Math.abs(ids.length - distinct) + Math.abs(total - distinct) + Math.abs(inRooms - distinct);
  const broken = outside + disagreeing + Math.abs(fresh - 1);
  const there = `${distinct.toLocaleString('en-US')} connections listed, ${total.toLocaleString('en-US')} in total, ${inRooms.toLocaleString('en-US')} in rooms`;
  const wanted = expected.least === expected.most ? `${expected.least}` : `${expected.least} to ${expected.most}`;
  return proofOf(tallies, broken, `${there}, expected ${wanted}; ${burstText(fresh)}`);
}

/** Registers one id many times at once. @returns how many were told that it is new */
async function freshInBurst(target: Target): Promise<number> {
  const answers = await burst(BURST, () => register(target, 'burst', names.hall));
  return answers.filter(({ status }) => status === 201).length;
}

function burstText(fresh: number): string {
  return `of ${BURST} at once for one id, ${fresh} ${fresh === 1 ? 'was' : 'were'} told that it is new`;
}

async function listAll(target: Target): Promise<{ ids: string[]; total: number }> {
  const ids: string[] = [];
  let cursor = '0';
  for (;;) {
    const found = page.parse(await jsonOf(target, `/connections?limit=1000&cursor=${cursor}`));
    ids.push(...found.connections.map(({ id }) => id));
    if (found.cursor === undefined) return { ids, total: found.total };
    ({ cursor } = found);
  }
}

function residents({ keys }: Target): string[] {
  return Array.from({ length: keys }, (_, index) => names.resident(index));
}

async function registerAll(target: Target, ids: readonly string[], roomOf: (index: number) => string): Promise<void> {
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const answers = await burst(Math.min(AT_ONCE, ids.length - from), (index) =>
      register(target, ids[from + index]!, roomOf(from + index)),
    );
    const failed = answers.find(({ ok }) => !ok);
    if (failed !== undefined) {
      throw new ServiceError(`a registration of ${target.strategy} was answered with ${failed.status}`);
    }
  }
}

async function register(target: Target, id: string, room: string): Promise<Response> {
  const init = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ room }) };
  const answer = await request(target, `/connections/${id}`, init);
  await answer.arrayBuffer();
  return answer;
}
