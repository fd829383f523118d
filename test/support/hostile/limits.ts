import { httpRequest, type HostileRequest, jsonType, sent, sentAndEnded } from './hostile-request.ts';

const closes = { closes: true };

/** Heads that are too long, expectations that cannot be met, and clients that end their side at odd moments. */
export function hostileLimits(): HostileRequest[] {
  return [...tooLong(), ...expectations(), ...halfClosed()];
}

function get(path: string, headers: Record<string, string> = {}): Buffer {
  return httpRequest({ path, headers });
}

function tooLong(): HostileRequest[] {
  const many = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`x-${index}`, 'y']));
  return [
    ...[20_000, 70_000, 300_000].flatMap((bytes) => [
      sent(`a path of ${bytes} bytes`, get(`/v1/${'a'.repeat(bytes)}`), [414], closes),
      sent(`a query of ${bytes} bytes`, get(`/healthz?${'a'.repeat(bytes)}`), [414], closes),
      sent(`a header of ${bytes} bytes`, get('/healthz', { x: 'a'.repeat(bytes) }), [431], closes),
    ]),
    sent('a path of 9,000 bytes', get(`/v1/${'a'.repeat(9_000)}`), [404, 414]),
    sent('3,000 headers', get('/healthz', many), [431], closes),
    sent('a header name of 20,000 bytes', get('/healthz', { ['a'.repeat(20_000)]: 'b' }), [431], closes),
  ];
}

function expectations(): HostileRequest[] {
  return [
    ...['nonsense', '200-ok', '100-continued', 'x=y'].map((expect) =>
      sent(`Expect: ${expect}`, get('/healthz', { expect }), [417]),
    ),
    sent('Expect: 100-continue', get('/healthz', { expect: '100-continue' }), [200]),
  ];
}

/** A client that has said all it wants to say may end its side; what it asked for completely is still answered. */
function halfClosed(): HostileRequest[] {
  const whole = get('/healthz');
  const upgrade = get('/healthz', { ...jsonType, connection: 'Upgrade', upgrade: 'x' });
  return [
    sentAndEnded('a request', whole, [200]),
    sentAndEnded('nothing', Buffer.of(), [0]),
    sentAndEnded('a method', Buffer.from('GET'), [400, 0]),
    sentAndEnded('half a request line', whole.subarray(0, 8), [400, 0]),
    sentAndEnded('half the headers', whole.subarray(0, whole.length - 5), [400, 0]),
    sentAndEnded('a head without its last line end', whole.subarray(0, whole.length - 2), [400, 0]),
    sentAndEnded('an upgrade', upgrade, [200, 400, 426, 0]),
  ];
}
