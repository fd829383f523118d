/**
 * The right to an address and port for one service process, for as long as it lives. Threads share their port by
 * SO_REUSEPORT, and so would two services: each would get some of the clients. A probe that finds the port free says
 * nothing of what is bound after it, and nothing at all once every thread of a service is being replaced.
 *
 * Guarantee: of several services that overlap (the wildcard addresses overlap with all of theirs) one has the claim, in one
 * network namespace, which is where ports are told apart as well. The kernel drops it with the process, however that ends.
 * Cost: sockets of the main thread only: an abstract Unix socket, which no file and no permission belongs to.
 *
 * Linux only. Where there are no abstract sockets, SO_REUSEPORT is not used (macOS, Windows): one thread listens, alone.
 */
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as elapsed } from 'node:timers/promises';

/** Services on different addresses of the same port. */
const PLACES = 8;
const GATE_POLL_MS = 20;
const GATE_TIMEOUT_MS = 5_000;
/** A holder that does not say which address it has is taken for one that overlaps. */
const ASK_TIMEOUT_MS = 1_000;

/** To be held while the service may listen. */
export type PortClaim = AsyncDisposable;

/** As the system reports it, also in the form of its message. */
export class AddressInUseError extends Error {
  readonly code = 'EADDRINUSE';

  constructor(address: string, port: number, holder: string) {
    super(`EADDRINUSE: address already in use ${address}:${port}, ${holder}`);
    this.name = 'AddressInUseError';
  }
}

/**
 * @param address numeric
 * @returns undefined where the platform has no abstract sockets
 * @throws {AddressInUseError} another service has it, or one that overlaps
 */
export async function claimPort(address: string, port: number): Promise<PortClaim | undefined> {
  if (process.platform !== 'linux') return undefined;
  const nameOf = (part: string | number): string => `\0shared-state:${port}:${part}`;
  await using _gate = await passGate(nameOf('gate'), address, port);
  const free: string[] = [];
  for (let place = 0; place < PLACES; place++) {
    const taken = await addressAt(nameOf(place));
    if (taken === undefined) free.push(nameOf(place));
    else if (overlap(taken, address)) throw new AddressInUseError(address, port, `by another service on ${taken}`);
  }
  if (free.length === 0) throw new AddressInUseError(address, port, `by ${PLACES} services on other addresses`);
  const server = await held(free[0]!, address);
  if (server === undefined) throw new AddressInUseError(address, port, 'by a service that started at the same time');
  return server;
}

/** One start at a time looks who has what. */
async function passGate(name: string, address: string, port: number): Promise<Server> {
  for (const untilMs = performance.now() + GATE_TIMEOUT_MS; performance.now() < untilMs; await elapsed(GATE_POLL_MS)) {
    const gate = await held(name, '');
    if (gate !== undefined) return gate;
  }
  throw new AddressInUseError(address, port, 'by a service that has been starting for a long time');
}

/** A listening socket that tells everybody `words`; undefined when the name is taken. */
async function held(name: string, words: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.on('error', () => {}).end(words)).unref();
  try {
    server.listen(name);
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}

/** The address that a holder has; undefined when there is none. */
async function addressAt(name: string): Promise<string | undefined> {
  const socket = connect(name).setTimeout(ASK_TIMEOUT_MS, () => socket.destroy(new Error('it does not answer')));
  try {
    await once(socket, 'connect');
  } catch {
    return undefined;
  }
  return text(socket).catch(() => 'an address that it does not tell');
}

/** Whether sockets on both would get the same connections. What is no plain address overlaps with everything. */
function overlap(one: string, other: string): boolean {
  const kinds = new Set([one, other].map(kindOf));
  if (one === other || kinds.has('any')) return true;
  return kinds.has('any of IPv4') && !kinds.has('IPv6');
}

function kindOf(address: string): 'any' | 'any of IPv4' | 'IPv4' | 'IPv6' {
  if (address === '0.0.0.0') return 'any of IPv4';
  if (/^[\d.]+$/.test(address)) return 'IPv4';
  // `::` takes IPv4 as well, and `::ffff:…` is an IPv4 address in other words.
  return /^[\da-f:]+$/i.test(address) && !/^(?:::|::ffff:.*|0[0:]*)$/i.test(address) ? 'IPv6' : 'any';
}
