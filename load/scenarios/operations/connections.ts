/** The connection map: those who come, beat, are looked up and go; a long listing now and then; messages to rooms. */
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter } from 'k6/metrics';
import { hashOf, Tally, withHeaders, type Operation } from '../operation.ts';
import { connectionNames as names, metricNames, type LoadProfile } from '../profile.ts';
import { baseUrl, strategy } from '../scenario.ts';

const base = `${baseUrl}/v1/${strategy}`;
const json = withHeaders({ 'content-type': 'application/json' });

/** Of ten requests: three registrations, three heartbeats, two lookups, two departures. Each newcomer has an id of its own. */
export function churn(profile: LoadProfile): Operation {
  const registrations = new Tally('registrations');
  const departures = new Tally('departures');
  const others = new Tally('others');
  return (iteration, params) => {
    const turn = iteration % 10;
    const isClosed = exec.scenario.name === 'closed';
    if (turn < 3) {
      const body = JSON.stringify({ room: names.room(iteration), user: 'k6' });
      const url = `${base}/connections/${names.newcomer(isClosed, iteration)}`;
      return registrations.count(() => http.put(url, body, json(params)));
    }
    const leaver = Math.floor(iteration / 10) * 2 + turn - 8;
    if (turn >= 8 && leaver < names.leavers) {
      return departures.count(() => http.del(`${base}/connections/${names.leaver(isClosed, leaver)}`, null, params));
    }
    const url = `${base}/connections/${names.resident(hashOf(iteration, profile.seed) % profile.keys)}`;
    if (turn < 6 || turn >= 8) return others.count(() => http.post(`${url}/heartbeat`, null, params));
    return others.count(() => http.get(url, params));
  };
}

/** Of twenty requests, one is a page of a thousand of the one room that all are in; the others are heartbeats. */
export function listing(profile: LoadProfile): Operation {
  const heartbeats = new Tally('heartbeats');
  const listings = new Tally('listings');
  const page = `${base}/connections?room=${names.hall}&limit=1000`;
  return (iteration, params) => {
    if (iteration % 20 === 0) return listings.count(() => http.get(page, params));
    const id = names.resident(hashOf(iteration, profile.seed) % profile.keys);
    return heartbeats.count(() => http.post(`${base}/connections/${id}/heartbeat`, null, params));
  };
}

/**
 * Messages to rooms, numbered by each sender. In the closed loop they go to a room that nobody is in: as many as the
 * service takes would be too many for the generator to receive.
 */
export function messages(profile: LoadProfile): Operation {
  const sent = new Tally('messages');
  const delivered = new Counter(metricNames.delivered);
  let number = 0; // each VU has its own
  return (iteration, params) => {
    const room = exec.scenario.name === 'closed' ? names.nobody : names.room(iteration % profile.keys);
    number += 1;
    const body = JSON.stringify({ data: { sender: exec.vu.idInTest, number } });
    return sent.count(() => {
      const answer = http.post(`${base}/rooms/${room}/messages`, body, { ...json(params), responseType: 'text' });
      if (answer.status === 202) delivered.add((answer.json() as { delivered: number }).delivered);
      return answer;
    });
  };
}
