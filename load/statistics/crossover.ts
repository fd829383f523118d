/** Where in a sweep one candidate overtakes another. */

export interface Series {
  readonly name: string;
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

export interface Crossover {
  /** Ahead below the crossing, and ahead above it. */
  readonly before: string;
  readonly after: string;
  /** The two measured points it lies between. */
  readonly from: number;
  readonly to: number;
  /** Where the straight lines between the points meet. */
  readonly near: number;
}

/** A lead smaller than this is none: otherwise noise crosses everywhere. */
const LEAST_LEAD = 1.05;

/** Every change of lead between two series whose larger values are the better ones, and that is a lead on both sides. */
export function crossoversOf(series: readonly Series[]): Crossover[] {
  return series.flatMap((one, index) => series.slice(index + 1).flatMap((other) => between(one, other)));
}

function between(one: Series, other: Series): Crossover[] {
  const leads = one.points.flatMap(({ at, value }) => {
    const rival = other.points.find((point) => point.at === at);
    return rival === undefined || value <= 0 || rival.value <= 0 ? [] : [{ at, log: Math.log(value / rival.value) }];
  });
  const clear = leads.toSorted((a, b) => a.at - b.at).filter(({ log }) => Math.abs(log) > Math.log(LEAST_LEAD));
  return clear.slice(1).flatMap((to, index) => {
    const from = clear[index]!;
    if (Math.sign(from.log) === Math.sign(to.log)) return [];
    const near = from.at + ((to.at - from.at) * from.log) / (from.log - to.log);
    const [before, after] = from.log > 0 ? [one.name, other.name] : [other.name, one.name];
    return [{ before, after, from: from.at, to: to.at, near }];
  });
}
