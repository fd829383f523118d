import { httpRequest, type HostileRequest, rawRequest, sent } from './hostile-request.ts';

/**
 * Clients that never finish. The service may not wait for them for ever; each costs seconds, so they are kept apart.
 *
 * @param base `/v1/{strategy}/counters`
 */
export function slowRequests(base: string): HostileRequest[] {
  const closes = { closes: true };
  const post = (framing: string, body = '') =>
    rawRequest(
      [`POST ${base}/sentinel/increment HTTP/1.1`, 'Host: 127.0.0.1', 'Content-Type: application/json', framing],
      body,
    );
  const read = httpRequest({ path: `${base}/sentinel` });
  return [
    sent('half a request line', Buffer.from('GET /hea'), [408], closes),
    sent('half the headers', Buffer.from('GET /healthz HTTP/1.1\r\nHost: a\r\nX: '), [408], closes),
    sent('no body where one was announced', post('Content-Length: 8'), [408, 503], closes),
    sent('half a body', post('Content-Length: 8', '{"by'), [408, 503], closes),
    sent('chunks without their end', post('Transfer-Encoding: chunked', '8\r\n{"by":1}\r\n'), [408, 503], closes),
    sent('a read, then half a request', Buffer.concat([read, Buffer.from('GET /')]), [408], {
      before: [200],
      ...closes,
    }),
    sent('not a byte', Buffer.of(), [408, 0], closes),
  ];
}
