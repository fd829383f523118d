/** Reads of the config with a write now and then; every VU watches that no version it is given is older than one it saw. */
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import { Tally, withHeaders, type Answer, type Operation } from '../operation.ts';
import { metricNames, type LoadProfile } from '../profile.ts';
import { baseUrl, keepsLines, strategy } from '../scenario.ts';

/** One request in so many is a write. */
const WRITE_EVERY = 1_000;

export function configReads(_profile: LoadProfile): Operation {
  const url = `${baseUrl}/v1/${strategy}/config`;
  const reads = new Tally('config_reads');
  const writes = new Tally('config_writes');
  const wentBack = new Counter(metricNames.wentBack);
  const forWrites = withHeaders({ 'content-type': 'application/json', 'if-match': '*' });
  let seen = 0;

  const look = (answer: Answer): number => {
    const version = Number(/\d+/.exec(answer.headers['Etag'] ?? '')?.[0] ?? 0);
    if (version < seen) wentBack.add(1);
    seen = Math.max(seen, version);
    return version;
  };

  return (iteration, params) => {
    if (iteration % WRITE_EVERY !== WRITE_EVERY / 2) {
      const read = reads.count(() => http.get(url, params));
      if (read.correct) look(read.answer);
      return read;
    }
    const body = JSON.stringify({ values: { writer: iteration, limits: { perUser: 10, perRoom: 100 } } });
    const write = writes.count(() => http.put(url, body, forWrites(params)));
    if (write.correct) {
      const version = look(write.answer);
      if (keepsLines) console.log(`config version ${version}`);
    }
    return write;
  };
}
