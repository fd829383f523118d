/** k6: /healthz, which touches no shared state: what the generator, the loopback and bare HTTP cost. Calibrates the others. */
import http from 'k6/http';
import { Tally, type Operation } from './operation.ts';
import { profileFrom } from './profile.ts';
import { baseUrl, scenario } from './scenario.ts';

const answers = new Tally('healthz');
const operate: Operation = (_, params) => answers.count(() => http.get(`${baseUrl}/healthz`, params));

export const { options, open, closed, bystander, handleSummary } = scenario(profileFrom(__ENV), operate);
