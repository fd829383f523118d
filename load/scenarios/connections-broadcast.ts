/**
 * k6: messages to rooms whose members are WebSockets on all threads, with a bystander on /healthz.
 *
 *   k6 run load/scenarios/connections-broadcast.ts -e BASE_URL=http://127.0.0.1:3000 -e STRATEGY=sync-lock -e KEYS=10
 *
 * RATE, KEYS (rooms), MEASURE_SECONDS and the rest of profile.ts may be given too. Messages are numbered by their sender,
 * so that each receiver sees whether one is missing, doubled or out of order; `npm run compare` compares the sums.
 */
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
import type { Options } from 'k6/options';
import { setTimeout } from 'k6/timers';
import { type MessageEvent, WebSocket } from 'k6/websockets';
import { durationsOf } from './durations.ts';
import { messages } from './operations/connections.ts';
import { connectionNames as names, metricNames, profileFrom } from './profile.ts';
import { baseUrl, scenario, strategy } from './scenario.ts';

const MEMBERS_PER_ROOM = 10;
/** Receivers stay until the last message is through. */
const LINGER_SECONDS = 2;

const profile = profileFrom(__ENV);
const script = scenario(profile, messages(profile));
const listenMs = (script.leadSeconds + durationsOf(profile).bystanderSeconds + LINGER_SECONDS) * 1000;

export const { open, closed, bystander, handleSummary } = script;

export const options: Options = {
  ...script.options,
  scenarios: {
    ...script.options.scenarios,
    receivers: {
      executor: 'per-vu-iterations',
      exec: 'receive',
      vus: profile.keys * MEMBERS_PER_ROOM,
      iterations: 1,
      maxDuration: `${Math.ceil(listenMs / 1000) + 10}s`,
    },
  },
};

const received = new Counter(metricNames.received);
const disordered = new Counter(metricNames.disordered);

interface Message {
  readonly data: { readonly sender: number; readonly number: number };
}

/** A member of a room: counts what comes, until the load is over. */
export function receive(): void {
  const room = names.room(exec.vu.iterationInScenario + exec.vu.idInTest);
  const socket = new WebSocket(`${baseUrl.replace('http', 'ws')}/v1/${strategy}/ws?room=${room}`);
  const lastOf = new Map<number, number>();
  socket.addEventListener('message', (event) => {
    const { sender, number } = (JSON.parse((event as MessageEvent).data as string) as Message).data;
    if (number <= (lastOf.get(sender) ?? 0)) disordered.add(1); // a doubled one, too
    lastOf.set(sender, number);
    received.add(1);
  });
  setTimeout(() => socket.close(), listenMs);
}
