/** The document that cache hits are measured with, and the answer to a hit of it as the contract has it. */
import { hash } from 'node:crypto';

export const DOCUMENT_KEY = 'bench';
/** One kilobyte of JSON. */
export const DOCUMENT = { title: 'bench', text: 'Some text that is not too short. '.repeat(30) };
/** The longest that the contract allows: `ttl` has five digits however long a run takes. */
export const DOCUMENT_TTL_MS = 86_400_000;

export const DOCUMENT_BODY = JSON.stringify({ key: DOCUMENT_KEY, value: DOCUMENT });

/** Of a hit within the first second; in the seconds that follow, the figures change and their lengths hardly do. */
export const HIT_HEADERS = {
  'content-type': 'application/json',
  etag: `"${hash('sha256', DOCUMENT_BODY, 'base64url').slice(0, 22)}"`,
  age: '0',
  'cache-status': 'shared-state; hit; ttl=86399',
  vary: 'accept',
};
