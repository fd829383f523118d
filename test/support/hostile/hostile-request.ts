/** What a hostile request is made of, and how it is written down. */

export interface HostileRequest {
  readonly name: string;
  /** Exactly what goes over the wire. */
  readonly bytes: Buffer;
  /** Ends our side of the connection once everything is sent. */
  readonly halfClose?: boolean;
  /** Whether the answer has no body whatever its headers say, as to HEAD. */
  readonly bodyless?: boolean;
  readonly expected: Expected;
}

export interface Expected {
  /** Statuses that are right, the intended one first. 0 stands for no answer at all, only a closed connection. */
  readonly statuses: readonly number[];
  /** Statuses of answers that must come before, when several requests are sent at once. */
  readonly before?: readonly number[];
  /** The connection must be closed: what follows on it cannot be trusted. */
  readonly closes?: boolean;
  /** It was a write that failed, so the problem must say `outcome: "not-applied"`. */
  readonly failedWrite?: boolean;
  /** It is not refused, and may change state. */
  readonly changes?: boolean;
  /** The key that the answer must name: the one meant, not one that it was mistaken for. */
  readonly key?: string;
  /** A request id that must not come back. */
  readonly notEchoed?: string;
}

/** A request that is answered with one of `statuses`, the intended one first. */
export function sent(
  name: string,
  bytes: Buffer,
  statuses: readonly number[],
  more: Omit<Expected, 'statuses'> = {},
): HostileRequest {
  return { name, bytes, expected: { statuses, ...more } };
}

/** The same from a client that ends its side of the connection once it has sent everything. */
export function sentAndEnded(
  name: string,
  bytes: Buffer,
  statuses: readonly number[],
  more: Omit<Expected, 'statuses'> = {},
): HostileRequest {
  return { ...sent(`${name}, then the end`, bytes, statuses, { closes: true, ...more }), halfClose: true };
}

export interface RequestParts {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with its length unless `headers` say otherwise. */
  readonly body?: string | Buffer;
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** A well-formed request with whatever is inside. Characters of the head are bytes: `\xff` is the byte 255. */
export function httpRequest({ method = 'GET', path, headers = {}, body }: RequestParts): Buffer {
  const all: Record<string, string> = { host: '127.0.0.1', ...headers };
  const content = Buffer.from(body ?? '');
  if (body !== undefined && !('transfer-encoding' in all)) all['content-length'] ??= String(content.length);
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([latin1(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), content]);
}

/** A request head written by hand, lines parted by CRLF, followed by `body`. */
export function rawRequest(lines: readonly string[], body: string | Buffer = ''): Buffer {
  return Buffer.concat([latin1(`${lines.join('\r\n')}\r\n\r\n`), Buffer.from(body)]);
}

/** The chunked form of a body, in chunks of `chunkBytes`. */
export function chunked(body: Buffer, chunkBytes = 16_384): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += chunkBytes) {
    const chunk = body.subarray(at, at + chunkBytes);
    parts.push(latin1(`${chunk.length.toString(16)}\r\n`), chunk, latin1('\r\n'));
  }
  return Buffer.concat([...parts, latin1('0\r\n\r\n')]);
}

export const jsonType = { 'content-type': 'application/json' };

/** A name that stays readable in a list of tests: long texts are cut, control characters are escaped. */
export function shown(text: string | Buffer): string {
  const escaped = JSON.stringify(typeof text === 'string' ? text : text.toString('latin1'));
  return escaped.length <= 60 ? escaped : `${escaped.slice(0, 48)}… (${text.length})`;
}

/** Words as they are written, parted by blanks; an escape in them is not interpreted. */
export function words({ raw }: TemplateStringsArray): string[] {
  return raw.join('').split(/\s+/);
}
