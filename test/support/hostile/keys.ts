import { httpRequest, type HostileRequest, jsonType, sent, shown, words } from './hostile-request.ts';

/** Segments that are no key: no UTF-8 once decoded, control characters, too long. */
export const refusedSegments = [
  ...words`% %z %zz %4 %G0 %u0041 abc% %%41 %2 %+41 a%0 %-1`,
  ...words`%FF %FE %80 %BF %C3 %C3%28 %E2%82 %E2%28%A1 %F0%9F%98 %F0%28%8C%BC`, // cut short, stray
  ...words`%C0%AF %C0%80 %C1%81 %E0%80%AF %E0%9F%BF %F0%80%80%AF %F8%88%80%80%80`, // overlong
  ...words`%ED%A0%80 %ED%BF%BF %ED%A0%BD%ED%B8%80`, // surrogates
  ...words`%F4%90%80%80 %F5%80%80%80`, // beyond U+10FFFF
  ...words`%00 %01 %08 %09 %0A %0D %0D%0AX-Injected:%201 %1B%5B31m %1F %7F %C2%80 %C2%85 %C2%9F a%00b a%0Ab %00%00%00`,
  ...repeated(['a', 129], ['%41', 129], ['%E2%82%AC', 43], ['a', 4_000], ['%F0%9F%98%80', 400]),
  `${'%C3%A9'.repeat(64)}a`,
  `${'%F0%9F%98%80'.repeat(32)}a`,
  `${'a'.repeat(127)}%C3%A9`,
];

/** Segments with a trap in them that are keys like any other. */
const ordinarySegments = [
  ...words`__proto__ constructor prototype toString valueOf hasOwnProperty isPrototypeOf toJSON then`,
  ...words`__defineGetter__ __lookupSetter__ length name null undefined NaN true 0 -1 1e9`,
  ...words`increment compare-and-set counters healthz v1 any-strategy`,
  ...words`%2F a%2Fb %2E%2E%2F ..%2F..%2Fetc%2Fpasswd %2F%2Fevil.example ... .hidden a..b`,
  ...words`%2541 %25zz %2500 %252E%252E a+b a%2Bb %20 a%20b %3F a%3Fb%3Dc %23 %26 %3B ;`,
  ...words`%5C ..%5C %22 %27%3B-- %3Cscript%3E %7B%7D * %2A $where %24%7B7*7%7D : @ ~`,
  ...words`%EF%BB%BF %EF%BB%BFx %EF%BF%BD %EF%BF%BE %EF%BF%BF %E2%80%8B %E2%80%A8 %E2%80%AE %C2%A0 %C2%AD`,
  ...words`%C3%A9 e%CC%81 %F0%9F%98%80 %F4%8F%BF%BF %41 %c3%a9x`,
  ...repeated(['a', 128], ['%41', 128], ['%C3%A9', 64], ['%F0%9F%98%80', 32]),
  `${'%E2%82%AC'.repeat(42)}ab`,
];

function repeated(...parts: [segment: string, times: number][]): string[] {
  return parts.map(([segment, times]) => segment.repeat(times));
}

/** @param base `/v1/{strategy}/counters` */
export function hostileKeys(base: string): HostileRequest[] {
  return [...refusedSegments.flatMap((segment) => refused(base, segment)), ...notSegments(base)];
}

/** Keys that are fine, and must come back as they were sent. */
export function ordinaryKeys(base: string): HostileRequest[] {
  return ordinarySegments.flatMap((segment) => ordinary(base, segment));
}

function refused(base: string, segment: string): HostileRequest[] {
  const path = `${base}/${segment}`;
  const compare = { headers: jsonType, body: '{"expected":0,"value":1}' };
  const requests = {
    read: httpRequest({ path }),
    deletion: httpRequest({ method: 'DELETE', path }),
    increment: httpRequest({ method: 'POST', path: `${path}/increment` }),
    'compare-and-set': httpRequest({ method: 'POST', path: `${path}/compare-and-set`, ...compare }),
  };
  return Object.entries(requests).map(([operation, bytes]) => ({
    name: `${operation} of the key ${shown(segment)}`,
    bytes,
    expected: { statuses: [400], failedWrite: operation !== 'read' },
  }));
}

/** Written, read under the same name, and deleted, so that the state is as before. */
function ordinary(base: string, segment: string): HostileRequest[] {
  const path = `${base}/${segment}`;
  const key = decodeURIComponent(segment);
  const name = `of the ordinary key ${shown(segment)}`;
  return [
    {
      name: `increment ${name}`,
      bytes: httpRequest({ method: 'POST', path: `${path}/increment` }),
      expected: { statuses: [200], key, changes: true },
    },
    { name: `read ${name}`, bytes: httpRequest({ path }), expected: { statuses: [200], key } },
    {
      name: `deletion ${name}`,
      bytes: httpRequest({ method: 'DELETE', path }),
      expected: { statuses: [204], changes: true },
    },
  ];
}

/** Paths in which the key is empty, is taken for something else on the way, or is more than one segment. */
function notSegments(base: string): HostileRequest[] {
  const read = (name: string, segment: string, statuses: number[]) =>
    sent(name, httpRequest({ path: `${base}/${segment}` }), statuses);
  const increment = (name: string, segment: string, statuses: number[]) =>
    sent(name, httpRequest({ method: 'POST', path: `${base}/${segment}/increment` }), statuses);
  const backslashes = httpRequest({ path: `${base.replaceAll('/', '\\')}\\sentinel` });
  return [
    read('empty key, read', '', [404]),
    increment('empty key, increment', '', [404]),
    increment('key in two segments', 'a/b', [404]),
    read('trailing slash', 'sentinel/', [404]),
    // Clients and proxies resolve these away, so either answer is right, and a 200 is not.
    ...words`. .. %2e %2E%2E .%2e ./ ../`.map((segment) =>
      read(`dot segment ${segment} as the key`, segment, [404, 400]),
    ),
    ...['a b', 'a\tb', 'a\x01b', 'a\x7fb'].map((segment) => read(`raw ${shown(segment)} in the path`, segment, [400])),
    ...['caf\xe9', 'caf\xc3\xa9', '\xff\xfe', '\x80', '\xed\xa0\x80'].map((segment) =>
      increment(`raw non-ASCII ${shown(segment)} in the path`, segment, [400]),
    ),
    ...words`a\b \ ..\.. a"b a<b> a{b} a|b a^b [a]`.map((segment) =>
      read(`raw ${segment} in the path, which a URL must encode`, segment, [404, 400]),
    ),
    sent('backslashes instead of slashes', backslashes, [400, 404]),
    increment('a fragment', 'nobody#', [400, 404, 405]),
  ];
}
