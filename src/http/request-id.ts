import { randomBytes } from 'node:crypto';

/** Letters, digits and a few separators: safe in headers and logs. */
const SANE = /^[\w.:@/+=-]{1,128}$/;

const prefix = randomBytes(6).toString('base64url');
let last = 0;

/** The client's own request id if it sent a sane one, else a new one, unique across threads and restarts. */
export function requestIdOf(sent: string | string[] | undefined): string {
  if (typeof sent === 'string' && SANE.test(sent)) return sent;
  last += 1;
  return `${prefix}-${last.toString(36)}`;
}
