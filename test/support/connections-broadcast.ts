/** Many WebSockets that talk in rooms while threads are killed: what is lost, doubled or out of order. */
import { setTimeout as elapsed } from 'node:timers/promises';
import { startServiceUnderTest } from './service.ts';
import { SocketClient } from './socket-client.ts';

const TOKEN = 'a token for tests';
const TTL_MS = 30_000;
const OPENED_AT_ONCE = 50;
const TURN_MS = 25;

export interface BroadcastPlan {
  readonly sockets: number;
  readonly rooms: number;
  readonly seconds: number;
  /** Messages per second, of all rooms together. */
  readonly rate: number;
  readonly kills: number;
}

export interface BroadcastRun {
  readonly sent: number;
  readonly delivered: number;
  readonly lost: number;
  readonly doubled: number;
  readonly reordered: number;
  /** WebSockets that closed, with the threads that were killed and otherwise. */
  readonly closed: number;
  readonly closedUnasked: number;
  /** Connections in the map that are not open in the end, or open and not there. */
  readonly disagreements: number;
}

/** What a member heard. */
export interface Heard {
  readonly client: Pick<SocketClient, 'received'>;
  /** What had been sent by each member of the room when this one was let in. */
  readonly sentBefore: ReadonlyMap<string, number>;
}

interface Member extends Heard {
  readonly client: SocketClient;
  readonly id: string;
  readonly room: string;
  sent: number;
}

export async function runBroadcast(strategy: string, plan: BroadcastPlan): Promise<BroadcastRun> {
  await using service = await startServiceUnderTest({
    STRATEGIES: strategy,
    THREADS: '2',
    CONNECTION_TTL_MS: String(TTL_MS),
    CONTROLS: 'on',
    ADMIN_TOKEN: TOKEN,
  });
  const base = `${service.url}/v1/${strategy}`;
  const members = new Map<string, Member>();
  const gone: Member[] = [];
  let generation = 0;
  let sent = 0;
  let closedUnasked = 0;
  let mayClose = false;

  async function join(room: string): Promise<void> {
    const id = `${room}-${generation++}`;
    const client = await SocketClient.open(base, { room, id });
    const inRoom = Array.from(members.values()).filter((member) => member.room === room);
    const sentBefore = new Map(inRoom.map((member) => [member.id, member.sent]));
    const member = { client, id, room, sent: 0, sentBefore };
    members.set(id, member);
    client.socket.once('close', () => {
      if (!members.delete(id)) return;
      gone.push(member);
      if (!mayClose) closedUnasked += 1;
    });
  }

  async function fill(): Promise<void> {
    const wanted = Array.from({ length: plan.rooms }, (_, at) => {
      const there = Array.from(members.values()).filter(({ room }) => room === `room${at}`).length;
      return Array.from({ length: plan.sockets / plan.rooms - there }, () => `room${at}`);
    }).flat();
    for (let at = 0; at < wanted.length; at += OPENED_AT_ONCE) {
      await Promise.all(wanted.slice(at, at + OPENED_AT_ONCE).map((room) => join(room).catch(() => {})));
    }
  }

  /** Everybody in turn says the next of its numbers. */
  async function talk(seconds: number): Promise<void> {
    const startedMs = performance.now();
    let said = 0;
    for (let turn = 0; said < plan.rate * seconds; turn++) {
      const due = Math.min(plan.rate * seconds, ((performance.now() - startedMs) / 1_000) * plan.rate);
      const everybody = Array.from(members.values());
      for (; said < due; said++) {
        const member = everybody[(said * 7919) % everybody.length]!; // a prime: through all rooms
        if (member.client.socket.readyState !== member.client.socket.OPEN) continue;
        member.client.say(member.sent++);
        sent += 1;
      }
      await elapsed(TURN_MS);
    }
  }

  async function kill(): Promise<void> {
    mayClose = true;
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    await fetch(`${base}/faults`, { method: 'POST', headers, body: '{"kind":"exit-holding"}' });
    await fetch(`${base}/counters/kill/increment`, { method: 'POST' }).catch(() => {}); // whoever serves it ends
    await ready(service.url);
    mayClose = false;
  }

  await fill();
  const rounds = plan.kills + 1;
  for (let round = 0; round < rounds; round++) {
    await talk(plan.seconds / rounds);
    if (round === plan.kills) break;
    const talking = talk(1); // also while a thread dies
    await kill();
    await talking;
    await fill();
  }
  const verdict = await settle(Array.from(members.values()));
  const disagreements = await disagreementsOf(base, members);
  for (const { client } of members.values()) client[Symbol.dispose]();
  return { sent, ...verdict, closed: gone.length, closedUnasked, disagreements };
}

/** Waits until a service has all its threads. */
async function ready(url: string): Promise<void> {
  const untilMs = Date.now() + TTL_MS;
  for (;;) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > untilMs) throw new Error('the service did not become ready again');
    await elapsed(TURN_MS);
  }
}

/** Everybody says a last word, which comes after all else that it said; then what each has heard is judged. */
async function settle(members: readonly Member[]) {
  for (const { client } of members) client.say('last');
  let verdict = { delivered: 0, lost: 0, doubled: 0, reordered: 0 };
  for (const member of members) {
    const others = members.filter(({ room }) => room === member.room);
    const untilMs = Date.now() + TTL_MS;
    const lastWords = () => member.client.received.filter(({ data }) => data === 'last').length;
    while (lastWords() < others.length && Date.now() < untilMs) await elapsed(TURN_MS);
    const found = judge(member, others);
    verdict = {
      delivered: verdict.delivered + member.client.received.length,
      lost: verdict.lost + found.lost,
      doubled: verdict.doubled + found.doubled,
      reordered: verdict.reordered + found.reordered,
    };
  }
  return verdict;
}

/** What a member heard of each that is still there, and of those that went: of these some may be missing, at the end. */
export function judge({ client, sentBefore }: Heard, others: readonly Pick<Member, 'id' | 'sent'>[]) {
  const heard = new Map<string, number[]>();
  for (const { from = '', data } of client.received) {
    if (typeof data === 'number') heard.set(from, [...(heard.get(from) ?? []), data]);
  }
  let [lost, doubled, reordered] = [0, 0, 0];
  for (const numbers of heard.values()) {
    const different = new Set(numbers);
    doubled += numbers.length - different.size;
    reordered += numbers.filter((number, at) => at > 0 && number < numbers[at - 1]!).length;
    lost += Math.max(...numbers) - Math.min(...numbers) + 1 - different.size; // a gap
  }
  for (const { id, sent } of others) {
    const numbers = heard.get(id) ?? [];
    const first = sentBefore.get(id) ?? 0;
    const from = numbers.length === 0 ? sent : Math.min(...numbers);
    const to = numbers.length === 0 ? sent : Math.max(...numbers) + 1;
    lost += Math.max(0, from - first) + (sent - to);
  }
  return { lost, doubled, reordered };
}

/** Within the time to live the map has the open ones and nobody else. @returns how many still differ then */
async function disagreementsOf(base: string, members: ReadonlyMap<string, Member>): Promise<number> {
  const untilMs = Date.now() + TTL_MS;
  for (;;) {
    const ids = new Set<string>();
    let cursor: string | undefined = '0';
    while (cursor !== undefined) {
      const answer = await fetch(`${base}/connections?limit=1000&cursor=${cursor}`);
      const page = (await answer.json()) as { connections: { id: string }[]; cursor?: string };
      for (const { id } of page.connections) ids.add(id);
      ({ cursor } = page);
    }
    const missing = Array.from(members.keys()).filter((id) => !ids.has(id)).length;
    const differing = missing + ids.size - (members.size - missing);
    if (differing === 0 || Date.now() > untilMs) return differing;
    await elapsed(TURN_MS);
  }
}
