/** What a scenario does with one arrival. A workload's own part is one of these; `scenario.ts` has the rest. */
import { Counter } from 'k6/metrics';
import type { RefinedParams, RefinedResponse, ResponseType } from 'k6/http';
import { outcomeOf, tallyNames } from './profile.ts';

export type Answer = RefinedResponse<ResponseType>;
export type RequestParams = RefinedParams<ResponseType>;

/** Sends request number `iteration` of its phase and says whether the answer was a correct one. */
export type Operation = (iteration: number, params: RequestParams) => { answer: Answer; correct: boolean };

/** Counts what became of one group of requests; the proof compares the sums with what the service has stored. */
export class Tally {
  readonly #attempted: Counter;
  readonly #outcomes: { readonly acknowledged: Counter; readonly refused: Counter };

  constructor(group: string) {
    this.#attempted = new Counter(tallyNames.attempted(group));
    this.#outcomes = {
      acknowledged: new Counter(tallyNames.acknowledged(group)),
      refused: new Counter(tallyNames.refused(group)),
    };
  }

  /** Sends, and counts the attempt before and its outcome after: an iteration that k6 cuts off stays an attempt. */
  count(send: () => Answer): { answer: Answer; correct: boolean } {
    this.#attempted.add(1);
    const answer = send();
    const outcome = outcomeOf(answer.status);
    if (outcome !== 'unknown') this.#outcomes[outcome].add(1);
    return { answer, correct: outcome === 'acknowledged' };
  }
}

/** The parameters of a request with further headers, made once and not per request. */
export function withHeaders(headers: Record<string, string>): (params: RequestParams) => RequestParams {
  const made = new Map<RequestParams, RequestParams>();
  return (params) => {
    let own = made.get(params);
    if (own === undefined) made.set(params, (own = { ...params, headers }));
    return own;
  };
}

/** A number that looks random and is the same in every run of one seed. */
export function hashOf(iteration: number, seed: number): number {
  let hash = Math.imul(iteration ^ seed, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** A key number from 0 to `keys` − 1 by Zipf's law with exponent 1, by inversion: key k is drawn ln((k+2)/(k+1)) often. */
export function zipfIndex(iteration: number, seed: number, keys: number): number {
  const uniform = hashOf(iteration, seed ^ 0x5bd1e995) / 2 ** 32;
  return Math.min(keys - 1, Math.floor(Math.exp(uniform * Math.log(keys + 1))) - 1);
}
