/**
 * The HTTP server of one thread: hono on node:http, its limits, and its end. Whatever node:http refuses before hono
 * sees it is answered as problem+json too.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';
import { createAdaptorServer, getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { BadRequestError, type ErrorCode } from '../errors.ts';
import { BodyMemory } from './body-memory.ts';
import type { HttpEnvironment } from './exchange.ts';
import { type HttpSocket, LATEST, REFUSED, UPGRADED } from './http-socket.ts';
import { leave, Unfinished } from './leave.ts';
import { OpenSockets, type SocketCounts } from './open-sockets.ts';
import { problem, problemOf, type Problem } from './problems.ts';
import { writeRaw } from './raw-response.ts';
import { requestIdOf } from './request-id.ts';
import { asksForWebSocket, WebSockets } from './web-sockets.ts';

/** Bytes of all header lines together, the request line included. */
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_URL_CHARACTERS = 8 * 1024;
const tooManyConnections = 'as many connections are open on this thread as may be; nothing was begun';
const urlTooLong = `the URL exceeds ${MAX_URL_CHARACTERS} characters`;
/** A registered name or an address, with or without a port. */
const HOST = /^(?:\[[\da-f:.]+\]|[\w.~-]+)(?::\d{1,5})?$/i;
const HEADERS_TIMEOUT_MS = 5_000;
const BODY_TIMEOUT_MS = 15_000;
const CHECK_TIMEOUTS_EVERY_MS = 1_000;
const KEEP_ALIVE_MS = 65_000; // longer than the usual load balancer keeps an idle connection
/** After a client has said that it sends no more: most answers are out by then, and need no interim response. */
const PROBE_AFTER_MS = 100;

export interface HttpServer {
  /** The port it listens on. */
  readonly port: number;
  /** What its connections take at the moment, and what did not fit. */
  readonly counts: () => ServerCounts;
  /** Closes every WebSocket, and those that come; the rest goes on. @param reason goes with the close frames */
  readonly closeWebSockets: (reason: string) => Promise<void>;
  /**
   * Ends the server without cutting anybody off who goes on: from now on answers say `Connection: close`; see `leave`.
   *
   * @returns how many connections were ended because their clients did not
   */
  drain(): Promise<number>;
}

export interface ServerCounts extends SocketCounts {
  /** Connections that are open, those that became WebSockets included. */
  readonly open: number;
  /** What bodies take that came in and are not answered yet. */
  readonly bodyBytes: number;
  /** Bodies for which there was no room. */
  readonly bodiesRefused: number;
}

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** Several threads listen on the same port, where the platform can. */
  readonly reusePort: boolean;
  /** Connections that may be open at a time; see `OpenSockets`. */
  readonly maxConnections: number;
  /** See `BodyMemory`. */
  readonly maxBodyMemoryBytes: number;
  /** How long a client may leave unfinished what it has begun, once the server drains. */
  readonly unfinishedMs: number;
}

/** @param onFull called now and then, when a connection found no place of its own */
export async function listen(
  app: Hono<HttpEnvironment>,
  options: ListenOptions,
  onFull?: (limit: number, counts: SocketCounts) => void,
): Promise<HttpServer> {
  let draining = false;
  const bodies = new BodyMemory(options.maxBodyMemoryBytes);
  const sockets = new OpenSockets(options.maxConnections, onFull);
  const toHono = getRequestListener(app.fetch, { errorHandler: refuseRequest, autoCleanupIncoming: false });
  const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const socket: HttpSocket = incoming.socket;
    // A client that reads `Connection: close` sends what it had sent behind that request once more, elsewhere.
    if (socket[LATEST]?.shouldKeepAlive === false) return;
    socket[LATEST] = outgoing;
    if (draining) outgoing.shouldKeepAlive = false;
    const refused = refusalOf(incoming);
    if (refused === undefined) bodies.readAhead(incoming, outgoing, () => void toHono(incoming, outgoing));
    else answer(outgoing, refused);
  };
  const webSockets = new WebSockets(app, () => draining);
  const server = createAdaptorServer({
    fetch: app.fetch, // for upgrades, where there are any; requests go to `onRequest`
    ...webSockets.adaptor,
    serverOptions: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: BODY_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_TIMEOUTS_EVERY_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      requireHostHeader: false, // we answer that ourselves, as a problem
      // What is not fit to be read further is refused as any other request: the library would leave it unanswered.
      shouldUpgradeCallback: (incoming) =>
        asksForWebSocket(incoming) && refusalOf(incoming) === undefined && incoming.headers.expect === undefined,
    },
  }) as Server;
  server.removeAllListeners('request').on('request', onRequest);
  webSockets.answerForLibrary(server);
  server.on('checkExpectation', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    answer(outgoing, problemFor('EXPECTATION_FAILED', 'only "100-continue" can be expected', incoming));
  });
  // A client may say that it sends no more and still read: node:http would cut it off. See docs/decisions/0004.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on('connection', (socket: HttpSocket) => {
    sockets.add(socket);
    socket.on('end', () => probe(socket));
  });
  server.on('upgrade', ({ socket }: { socket: HttpSocket }) => (socket[UPGRADED] = true));
  server.on('clientError', refuseBytes);
  server.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    writeRaw(socket, problemFor('METHOD_NOT_ALLOWED', 'CONNECT is not served', incoming), { allow: 'GET, POST' });
  });

  server.listen({ host: options.host, port: options.port, reusePort: options.reusePort });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    counts: () => ({
      open: sockets.size,
      ...sockets.counts,
      bodyBytes: bodies.bytes,
      bodiesRefused: bodies.refused,
    }),
    closeWebSockets: (reason) => webSockets.close(reason),
    async drain() {
      draining = true;
      // What is in flight was begun before that was known.
      for (const { [LATEST]: latest } of sockets) if (latest?.headersSent === false) latest.shouldKeepAlive = false;
      const socketsClosed = webSockets.close('the service is shutting down');
      socketsClosed.catch(() => {}); // thrown below
      const unfinished = new Unfinished(sockets, options.unfinishedMs, refuseUnfinished);
      await leave(server, sockets, unfinished);
      await socketsClosed;
      return unfinished.ended;
    },
  };
}

/**
 * A client that has left and one that only sends no more look alike. If the answer takes longer, it is asked: an interim
 * response is dropped by the one who reads, and makes the system of the one who left reset the connection. The next one
 * meets that reset, which closes the connection here and takes the request out of whatever queue it waits in.
 */
function probe(socket: HttpSocket, afterMs = PROBE_AFTER_MS): void {
  setTimeout(() => {
    const { [LATEST]: latest } = socket;
    const waits = latest !== undefined && !latest.headersSent && latest.req.complete && socket.writable;
    if (!waits || latest.req.httpVersionMinor !== 1) return;
    latest.writeProcessing();
    probe(socket, afterMs * 2);
  }, afterMs).unref();
}

/** Whether all of a request is there with its head. */
function isWhole({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0';
}

/** Requests that node:http lets through and that hono would misread. */
function refusalOf(incoming: IncomingMessage): Problem | undefined {
  const { url = '', httpVersionMajor, headers } = incoming;
  const { host = '', 'transfer-encoding': coding } = headers;
  const bad = (detail: string): Problem => problemFor('BAD_REQUEST', detail, incoming);
  if ((incoming.socket as HttpSocket)[REFUSED]) return problemFor('OVERLOADED', tooManyConnections, incoming);
  if (httpVersionMajor !== 1) return bad('version: must be HTTP/1.0 or HTTP/1.1');
  if (!isHost(host) || hostsOf(incoming) !== 1) return bad('host: must be sent once, as a name or an address');
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return bad('transfer-encoding: must be chunked');
  if (url.length > MAX_URL_CHARACTERS) return problemFor('URI_TOO_LONG', urlTooLong, incoming);
  if (asksForWebSocket(incoming) && !isWhole(incoming)) return bad('body: must not come with an upgrade');
  if (url === '*') return problemFor('NOT_FOUND', 'nothing is served at *', incoming);
  if (/[^!-~]/.test(url)) return bad('path: must be percent-encoded ASCII');
  return undefined;
}

/** Most requests name the same host as the one before. */
let lastHost = '';

/** Also whether it can be part of a URL: `1.2.3.999` has the form of a name, `0x.1` that of another address. */
function isHost(host: string): boolean {
  if (host === lastHost && host !== '') return true;
  const name = HOST.test(host) ? URL.parse(`http://${host}`)?.hostname : undefined;
  if (name === undefined || (/^[\d.]+$/.test(name) && !host.startsWith(name))) return false;
  lastHost = host;
  return true;
}

/** node:http keeps the first of several Host headers and drops the others. */
function hostsOf({ rawHeaders }: IncomingMessage): number {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]!.length === 4 && rawHeaders[at]!.toLowerCase() === 'host') hosts += 1;
  }
  return hosts;
}

/** What @hono/node-server refuses: a bad host, a backslash in the path. */
function refuseRequest(error: unknown): Response {
  const detail = error instanceof Error ? error.message : 'malformed';
  const refused = problemOf(new BadRequestError([{ field: 'request', detail }]), {
    requestId: requestIdOf(undefined),
    write: false,
  });
  return new Response(refused.body, { status: refused.status, headers: refused.headers });
}

/** What a client has begun and not finished when the service ends: nothing was done of it. */
function refuseUnfinished(socket: HttpSocket): void {
  const { [LATEST]: latest } = socket;
  const detail = 'the service is shutting down, and the rest of the request did not come';
  if (latest !== undefined && !latest.headersSent) answer(latest, problemFor('SHUTTING_DOWN', detail, latest.req));
  else writeRaw(socket, problem('SHUTTING_DOWN', detail, requestIdOf(undefined), { outcome: 'not-applied' }));
}

/** What the parser of node:http refuses; there is no request to answer, only a socket. */
function refuseBytes(error: NodeJS.ErrnoException & { readonly rawPacket?: Buffer }, socket: HttpSocket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const { [LATEST]: latest } = socket;
  const answered = latest === undefined || latest.writableFinished;
  // A whole request before the malformed bytes has its answer first.
  if (!answered && latest.req.complete) return void latest.once('finish', () => refuseBytes(error, socket));
  // The malformed bytes are the body of a request that was answered without it: there is nothing more to say.
  if (!answered && latest.headersSent) return socket.destroySoon();
  const [code, detail] = parserRefusal(error.code, error.rawPacket);
  writeRaw(socket, problem(code, detail, requestIdOf(undefined), { outcome: 'not-applied' }));
}

function parserRefusal(code: string | undefined, packet: Buffer | undefined): [ErrorCode, string] {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['REQUEST_TIMEOUT', 'the request did not arrive in time'];
    case 'HPE_HEADER_OVERFLOW':
      // The parser's limit counts the request line too; where that line alone is over ours, the URL is what is too long.
      if (packet !== undefined && isLongRequestLine(packet)) return ['URI_TOO_LONG', urlTooLong];
      return ['HEADERS_TOO_LARGE', `the headers exceed ${MAX_HEADER_BYTES} bytes`];
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return ['BODY_TOO_LARGE', 'the chunk extensions are too large'];
    default:
      return ['BAD_REQUEST', 'this is not well-formed HTTP/1.1'];
  }
}

function isLongRequestLine(packet: Buffer): boolean {
  const lineEnd = packet.indexOf('\r\n');
  const startsRequest = /^[A-Z]+ /.test(packet.toString('latin1', 0, 16));
  return startsRequest && (lineEnd === -1 || lineEnd > MAX_URL_CHARACTERS);
}

function problemFor(code: ErrorCode, detail: string, incoming: IncomingMessage): Problem {
  const write = incoming.method !== 'GET' && incoming.method !== 'HEAD';
  const requestId = requestIdOf(incoming.headers['x-request-id']);
  return problem(code, detail, requestId, write ? { outcome: 'not-applied' } : {});
}

/** Answers a request that is not fit to be read further: what follows it on the connection cannot be trusted. */
function answer(outgoing: ServerResponse, { status, body, headers }: Problem): void {
  outgoing.shouldKeepAlive = false;
  outgoing.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}
