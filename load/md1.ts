/** The queue whose answer is known: random arrivals, one server, every service as long as the other (M/D/1). */

/** Longer waits than this many services need more digits than numbers have. */
const MAX_SERVICES = 30;

/**
 * The share of waits of at most `services` service times at this load, by Erlang's sum.
 *
 * @see Tijms, "A First Course in Stochastic Models", 9.6.2 (the waiting time of M/D/1)
 */
export function waitShareMd1(load: number, services: number): number {
  if (services < 0) return 0;
  if (services > MAX_SERVICES) throw new RangeError(`${services} services: at most ${MAX_SERVICES} can be computed`);
  let sum = 0;
  let factorial = 1;
  for (let served = 0; served <= Math.floor(services); served++) {
    if (served > 0) factorial *= served;
    const arrived = load * (services - served);
    sum += ((-arrived) ** served / factorial) * Math.exp(arrived);
  }
  return (1 - load) * sum;
}

/** A quantile of wait and service together, in service times; by bisection. */
export function sojournQuantileMd1(load: number, quantile: number): number {
  let low = 0;
  let high = MAX_SERVICES;
  while (high - low > 1e-6) {
    const middle = (low + high) / 2;
    if (waitShareMd1(load, middle) < quantile) low = middle;
    else high = middle;
  }
  return 1 + high;
}
