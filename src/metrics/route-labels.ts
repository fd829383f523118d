import { matchedRoutes } from 'hono/route';
import type { Hono } from 'hono';
import type { HttpContext, HttpEnvironment } from '../http/exchange.ts';

export interface RouteLabels {
  readonly method: string;
  /** A template, never a path: `/v1/{strategy}/counters/{key}`. */
  readonly route: string;
  /** Empty for routes of the service itself. */
  readonly strategy: string;
}

const other: RouteLabels = { method: 'other', route: 'other', strategy: '' };

/** The routes of an app by number, in the order in which they were added: the same on every thread. */
export class NumberedRoutes {
  readonly labels: readonly RouteLabels[];
  readonly #numbers: ReadonlyMap<object, number>;

  constructor({ routes }: Hono<HttpEnvironment>) {
    this.labels = [other, ...routes.map(({ method, path }) => labelsOf(method, path))];
    this.#numbers = new Map(routes.map((route, at) => [route, at + 1]));
  }

  /** The number of the route that serves a request; 0 for none. */
  of(context: HttpContext): number {
    const [first] = matchedRoutes(context);
    return (first !== undefined && this.#numbers.get(first)) || 0;
  }
}

function labelsOf(method: string, path: string): RouteLabels {
  const strategy = /^\/v1\/([^/]+)\//.exec(path)?.[1] ?? '';
  const template = strategy === '' ? path : path.replace(strategy, '{strategy}');
  return { method, strategy, route: template.replaceAll(/:(\w+)/g, '{$1}') };
}
