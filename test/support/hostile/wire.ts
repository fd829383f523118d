import { type HostileRequest, rawRequest, sent, sentAndEnded, shown, words } from './hostile-request.ts';

const host = 'Host: 127.0.0.1';
const closes = { closes: true };
/** Malformed, but the specification lets a server read it as what was meant. */
const refusedOrRepaired = [400, 200];

/** Bytes that are no proper HTTP/1.1, or a corner of it. */
export function hostileWire(): HostileRequest[] {
  return [...methods(), ...versions(), ...targets(), ...noRequests(), ...hosts(), ...headers()];
}

function line(name: string, text: string, statuses?: readonly number[]): HostileRequest {
  return sent(name, rawRequest([text, host]), statuses ?? [400], statuses ? {} : closes);
}

function methods(): HostileRequest[] {
  const wrong = [...words`FOO get Get GETX G INCREMENT DESCRIBE`, 'G\xcbT', '', 'GET\0'];
  return [
    ...wrong.map((method) => line(`the method ${shown(method)}`, `${method} /healthz HTTP/1.1`)),
    line('OPTIONS *', 'OPTIONS * HTTP/1.1', [404, 400, 405, 204]),
    line('CONNECT', 'CONNECT 127.0.0.1:80 HTTP/1.1', [405, 400, 404, 501]),
    line('CONNECT with a path', 'CONNECT /healthz HTTP/1.1', [400, 404, 405, 501]),
    line('the preface of HTTP/2', 'PRI * HTTP/2.0'),
  ];
}

function versions(): HostileRequest[] {
  const wrong = [...words`HTTP/1.2 HTTP/9.9 HTTP/1 HTTP/1.1.1 HTTP/11 http/1.1 HTTPS/1.1 ICE/1.0 X`, 'HTTP/1.1 x'];
  return [
    ...wrong.map((version) => line(`the version ${version}`, `GET /healthz ${version}`)),
    // The parser knows these, so it is for the service to refuse them.
    ...words`HTTP/0.9 HTTP/2.0`.map((version) => line(`the version ${version}`, `GET /healthz ${version}`, [400, 505])),
    line('no version', 'GET /healthz', [400, 505]),
    sent('HTTP/1.0 without a host', rawRequest(['GET /healthz HTTP/1.0']), [200, 400]),
  ];
}

function target(name: string, text: string, statuses?: readonly number[]): HostileRequest {
  return line(name, `GET ${text} HTTP/1.1`, statuses);
}

function targets(): HostileRequest[] {
  return [
    line('no path', 'GET  HTTP/1.1'),
    line('a tab for a space', 'GET\t/healthz\tHTTP/1.1'),
    line('a leading space', ' GET /healthz HTTP/1.1'),
    line('two spaces', 'GET  /healthz  HTTP/1.1', refusedOrRepaired),
    target('a path without its slash', 'healthz'),
    target('only a query', '?x'),
    target('a path of an asterisk', '*', [400, 404]),
    target('a NUL in the path', '/heal\0thz'),
    target('an absolute URL', 'http://127.0.0.1/healthz', [200]),
    target('an absolute URL of another host', 'http://evil.example/healthz', [200, 400, 404]),
    target('an absolute URL with a user', 'http://user:pass@127.0.0.1/healthz', [400, 200, 404]),
    target('an absolute URL with a bad host', 'http://a b/healthz'),
    target('an absolute URL without a host', 'http:///healthz', [400, 404]),
    target('an absolute URL with a bad port', 'http://127.0.0.1:99999/healthz', [400, 404]),
    target('another scheme', 'ftp://127.0.0.1/healthz', [400, 404]),
    target('a scheme that runs code', 'javascript:alert(1)', [400, 404]),
  ];
}

function noRequests(): HostileRequest[] {
  return [
    sent('zeros', Buffer.alloc(64), [400], closes),
    sent('random bytes', Buffer.from('818537fa213d7f9f4d51580d0a0d0a', 'hex'), [400], closes),
    sent('an answer instead of a request', Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), [400], closes),
    sent('empty lines before the request', rawRequest(['', '', 'GET /healthz HTTP/1.1', host]), [200]),
    sentAndEnded('a TLS handshake', Buffer.from('16030100c8010000c40303', 'hex'), [400, 0]),
  ];
}

function get(name: string, lines: readonly string[], statuses: readonly number[]): HostileRequest {
  return sent(name, rawRequest(['GET /v1 HTTP/1.1', ...lines]), statuses);
}

export const wrongHosts: readonly string[] = [
  ...words`exa<mple @ user@127.0.0.1 a/b 127.0.0.1/healthz a:b:c [::1 [g::1] 127.0.0.1:99999 127.0.0.1:-1 127.0.0.1:x`,
  ...words`127.0.0.1,127.0.0.1 a?b a#b a\b a%zz a%00 {} a|b a^b "a" :80`,
  'a b',
  'ex\x80mple',
  'caf\xc3\xa9',
  ...words`1.2.3.999 256.256.256.256 [:::] [1:2] 1.2.3.4.5 0x.0x 127.0.0.1:65536`,
];

function hosts(): HostileRequest[] {
  return [
    get('no host', [], [400]),
    get('two hosts', [host, 'Host: evil.example'], [400]),
    get('the same host twice', [host, host], [400]),
    get('an empty host', ['Host:'], [400, 200]),
    ...wrongHosts.map((value) => get(`the host ${shown(value)}`, [`Host: ${value}`], [400])),
    ...words`evil.example localhost:1 [::1]:80 a_b`.map((value) =>
      get(`the host ${value}, which is well-formed`, [`Host: ${value}`], [200]),
    ),
  ];
}

export const wrongHeaderLines: readonly string[] = [
  'X : y',
  ' X: y',
  'X y',
  ': y',
  'X\0: y',
  'X(y): z',
  'caf\xe9: x',
  'X@y: z',
  '"X": y',
  'X: a\0b',
  'X: a\x01b',
  'X: a\x7fb',
  'X: a\rb',
];

function headers(): HostileRequest[] {
  return [
    ...wrongHeaderLines.map((text) =>
      sent(`the header line ${shown(text)}`, rawRequest(['GET / HTTP/1.1', host, text]), [400], closes),
    ),
    get('a header line without CR', [host, 'X: a\nb: c'], refusedOrRepaired),
    get('a folded header', [host, 'X: a', ' b'], refusedOrRepaired),
    get('a header folded by a tab', [host, 'X: a', '\tb'], refusedOrRepaired),
    get('headers with names of an object', [host, '__proto__: x', 'constructor: y', 'toString: z'], [200]),
    get('a non-ASCII header value', [host, 'X: caf\xe9'], [200, 400]),
    get('1,900 headers', [host, ...Array.from<string>({ length: 1_900 }).fill('a:b')], [200, 431]),
    sent('a fold before the first header', rawRequest(['GET /healthz HTTP/1.1', ' X: y', host]), [400], closes),
    sent('line ends without CR', Buffer.from(`GET /healthz HTTP/1.1\n${host}\n\n`), refusedOrRepaired),
    sentAndEnded('line ends without LF', Buffer.from(`GET /healthz HTTP/1.1\r${host}\r\r`), [400]),
  ];
}
