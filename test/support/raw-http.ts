import { connect } from 'node:net';

/** One answer as it came over the wire. Header names are in lower case; repeated ones are joined by a comma. */
export interface RawResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface RawExchange {
  /** Final answers in their order; interim ones (1xx) are left out. */
  readonly responses: readonly RawResponse[];
  /** Whether the service closed the connection, by end or reset, within the time given. */
  readonly closed: boolean;
  /** Bytes that were no complete answer. */
  readonly leftover: string;
}

export interface RawOptions {
  /** How many answers to wait for, at most. */
  readonly answers?: number;
  /** Go on until the service closes the connection. */
  readonly untilClosed?: boolean;
  /** End our side once everything is sent. */
  readonly halfClose?: boolean;
  /** The answer to HEAD has headers for a body, and no body. */
  readonly bodyless?: boolean;
  readonly timeoutMs?: number;
}

/** Sends bytes as they are, which no well-behaved client would, and collects what comes back. */
export async function exchangeRaw(url: string, bytes: Uint8Array, options: RawOptions = {}): Promise<RawExchange> {
  const { answers = 1, untilClosed = false, halfClose = false, bodyless = false, timeoutMs = 3_000 } = options;
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const received: Buffer[] = [];
  let closed = false;

  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    const gone = () => {
      closed = true;
      done();
    };
    socket.once('end', gone).once('close', gone).once('error', gone);
    socket.on('data', (chunk: Buffer) => {
      received.push(chunk);
      if (!untilClosed && parseResponses(Buffer.concat(received), bodyless).responses.length >= answers) done();
    });
    socket.write(bytes);
    if (halfClose) socket.end();
  });
  socket.destroy();
  return { ...parseResponses(Buffer.concat(received), bodyless), closed };
}

function parseResponses(bytes: Buffer, bodyless: boolean): Pick<RawExchange, 'responses' | 'leftover'> {
  const responses: RawResponse[] = [];
  let rest = bytes;
  for (;;) {
    const headEnd = rest.indexOf('\r\n\r\n');
    const [statusLine = '', ...lines] = rest.toString('latin1', 0, Math.max(0, headEnd)).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]);
    if (headEnd < 0 || Number.isNaN(status)) break;
    const headers = parseHeaders(lines);
    const body =
      bodyless || status < 200 || status === 204 ? emptyBody(headEnd + 4) : parseBody(rest, headEnd + 4, headers);
    if (!body) break;
    if (status >= 200) responses.push({ status, headers, body: body.text });
    rest = rest.subarray(body.end);
  }
  return { responses, leftover: rest.toString('latin1') };
}

function parseHeaders(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
  }
  return headers;
}

const emptyBody = (end: number) => ({ text: '', end });

/** The body that starts at `start`, undefined while it is incomplete. Without a length it lasts until the end. */
function parseBody(bytes: Buffer, start: number, headers: ReadonlyMap<string, string>) {
  if (headers.get('transfer-encoding') === 'chunked') return parseChunks(bytes, start);
  const length = headers.get('content-length');
  const end = length === undefined ? bytes.length : start + Number(length);
  return end > bytes.length ? undefined : { text: bytes.toString('utf8', start, end), end };
}

function parseChunks(bytes: Buffer, start: number) {
  let text = '';
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, Math.max(at, lineEnd)), 16);
    if (lineEnd < 0 || lineEnd + 2 + size + 2 > bytes.length) return undefined;
    if (size === 0) return { text, end: lineEnd + 4 };
    text += bytes.toString('utf8', lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}
