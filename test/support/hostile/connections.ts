import { httpRequest, type HostileRequest, jsonType, rawRequest, sent, shown, words } from './hostile-request.ts';
import { hostileListings } from './listings.ts';
import { wrongMethod } from './routes.ts';

const MAX_META_BYTES = 1024;
const MAX_MESSAGE_BYTES = 16 * 1024;

const refusedRegistrations = [
  ...words`{} [] null 7 "room" {"room"} {"room":} {"room":"r",} {"room":null} {"room":7} {"room":[]} {"room":{}}`,
  ...words`{"room":""} {"room":"."} {"room":".."} {"room":"\u0000"} {"room":"a\nb"} {"room":"\u007f"} {"room":"\u0085"}`,
  ...words`{"room":"\ud800"} {"room":"\udc00a"} {"Room":"r"} {"room":"r","x":1} {"room":"r","id":"other"}`,
  ...words`{"room":"r","epoch":1} {"room":"r","holder":1} {"room":"r","__proto__":{}} {"__proto__":{"room":"r"}}`,
  ...words`{"room":"r","user":null} {"room":"r","user":""} {"room":"r","user":7} {"room":"r","user":".."}`,
  ...words`{"room":"r","user":"\u0001"} {"room":"r","user":"\ud83d"} {"room":"r","meta":null} {"room":"r","meta":[]}`,
  ...words`{"room":"r","meta":"text"} {"room":"r","meta":7} {"room":"r","meta":{"n":1e400}}`,
  `{"room":"${'r'.repeat(129)}"}`,
  `{"room":"${'ü'.repeat(65)}"}`,
  `{"room":"r","user":"${'u'.repeat(129)}"}`,
  `{"room":"r","meta":{"a":"${'x'.repeat(MAX_META_BYTES - 7)}"}}`,
  `{"room":"r","meta":{"a":"${'ü'.repeat(MAX_META_BYTES / 2)}"}}`,
  `{"room":"r","meta":${'{"0":'.repeat(6_000)}1e0${'}'.repeat(6_000)}}`,
];

const refusedMessages = [
  ...words`{} [] null "data" {"data"} {"data":} {"Data":1} {"data":1,"x":1} {"data":1,"room":"r"} {"data":1e400}`,
  `{"data":"${'x'.repeat(MAX_MESSAGE_BYTES - 1)}"}`,
  `{"data":${'{"0":'.repeat(6_000)}1e0${'}'.repeat(6_000)}}`,
];

const acceptedMessages = [
  ...words`{"data":null} {"data":0} {"data":""} {"data":{"__proto__":1}}`,
  '{"data":"\\ud800"}',
  `{"data":"${'x'.repeat(MAX_MESSAGE_BYTES - 2)}"}`,
];

const wrongNames = [...words`%zz %FF %ED%A0%80 %00 %0A %7F %C2%85`, 'a'.repeat(129)];
const wrongTags = [...words`7 "7 7" W/7 "7",, ,"7" *,"7" "7""8"`, '""7'];
const noMatch = [...words`"7" W/"7" "" "abc" "-1" "1e3"`, '"99999999999999999999"', '"7", "8"'];

const failedWrite = { failedWrite: true };

/** @param strategyBase `/v1/{strategy}` of a strategy that serves connections */
export function hostileToConnections(strategyBase: string): HostileRequest[] {
  const base = `${strategyBase}/connections`;
  const messages = `${strategyBase}/rooms/r/messages`;
  const put = (body: string, headers: Record<string, string> = jsonType) =>
    httpRequest({ method: 'PUT', path: `${base}/hostile`, headers, body });
  const say = (body: string) => httpRequest({ method: 'POST', path: messages, headers: jsonType, body });
  const large = `{"room":"r","x":"${'x'.repeat(65_536)}"}`;
  return [
    ...refusedRegistrations.map((body) => sent(`connection: ${shown(body)}`, put(body), [400], failedWrite)),
    sent('connection: PUT without a body', rawRequest(bodyless('PUT', `${base}/hostile`)), [400], failedWrite),
    sent('connection: PUT of text', put('{"room":"r"}', { 'content-type': 'text/plain' }), [415], failedWrite),
    sent('connection: PUT of 64 KiB and more', put(large), [413], failedWrite),
    ...refusedMessages.map((body) => sent(`message: ${shown(body)}`, say(body), [400], failedWrite)),
    ...acceptedMessages.map((body) => sent(`message: ${shown(body)}`, say(body), [202])),
    sent('message: 64 KiB and more', say(`{"data":"${'x'.repeat(65_536)}"}`), [413], failedWrite),
    sent('message: no body', rawRequest(bodyless('POST', messages)), [400], failedWrite),
    ...wrongIds(base, strategyBase),
    ...preconditions(base),
    ...hostileListings(base).map((request) => ({ ...request, name: `connections: ${request.name}` })),
    ...wrongRooms(base),
    ...wrongMethods(base, strategyBase),
  ];
}

function bodyless(method: string, path: string): string[] {
  return [`${method} ${path} HTTP/1.1`, 'host: 127.0.0.1'];
}

function wrongIds(base: string, strategyBase: string): HostileRequest[] {
  return wrongNames.flatMap((name) => {
    const json = { headers: jsonType, body: '{"room":"r"}' };
    const message = { headers: jsonType, body: '{"data":1}' };
    const requests = [
      { method: 'PUT', path: `${base}/${name}`, ...json },
      { method: 'GET', path: `${base}/${name}` },
      { method: 'DELETE', path: `${base}/${name}` },
      { method: 'POST', path: `${base}/${name}/heartbeat` },
      { method: 'POST', path: `${strategyBase}/rooms/${name}/messages`, ...message },
    ];
    return requests.map((request) => {
      const more = request.method === 'GET' ? {} : failedWrite;
      return sent(`${request.method} ${shown(request.path)}`, httpRequest(request), [400], more);
    });
  });
}

function preconditions(base: string): HostileRequest[] {
  const leave = (tag: string) =>
    httpRequest({ method: 'DELETE', path: `${base}/nobody`, headers: { 'if-match': tag } });
  return [
    ...wrongTags.map((tag) => sent(`connection: If-Match ${tag}`, leave(tag), [400], failedWrite)),
    ...noMatch.map((tag) => sent(`connection: If-Match ${tag} of nobody`, leave(tag), [404], failedWrite)),
    sent(
      'connection: heartbeat of nobody',
      httpRequest({ method: 'POST', path: `${base}/nobody/heartbeat` }),
      [404],
      failedWrite,
    ),
  ];
}

function wrongRooms(base: string): HostileRequest[] {
  const queries = [
    ...words`room= room=. room=.. room=%00 room=%zz room=%ED%A0%80 room=a&room=b room`,
    `room=${'a'.repeat(129)}`,
  ];
  return queries.map((query) =>
    sent(`connections: listing with ${shown(query)}`, httpRequest({ path: `${base}?${query}` }), [400]),
  );
}

function wrongMethods(base: string, strategyBase: string): HostileRequest[] {
  const paths: Record<string, string[]> = {
    [base]: words`POST PUT PATCH DELETE OPTIONS`,
    [`${base}/a`]: words`POST PATCH OPTIONS PURGE`,
    [`${base}/a/heartbeat`]: words`GET PUT DELETE PATCH OPTIONS`,
    [`${strategyBase}/rooms`]: words`POST PUT DELETE PATCH OPTIONS`,
    [`${strategyBase}/rooms/r/messages`]: words`GET PUT DELETE PATCH OPTIONS`,
    [`${strategyBase}/ws`]: words`POST PUT DELETE PATCH OPTIONS`,
  };
  return Object.entries(paths).flatMap(([path, methods]) => methods.map((method) => wrongMethod(method, path)));
}
