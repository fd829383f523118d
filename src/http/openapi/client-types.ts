/**
 * The service as Hono's typed client sees it: `hc<Api>(url)`. Derived from the same tables as the OpenAPI document,
 * because routes that are registered once per strategy have no types of their own to infer.
 */
import type { Hono } from 'hono';
import type { z } from 'zod';
import type { problems } from '../problems.ts';
import type { problemDocument } from './answers.ts';
import type { Operation, refusedAnywhere, Success } from './operation.ts';
import type { controlsOperations, recoverOperations } from './operations/admin.ts';
import type { cacheOperations } from './operations/cache.ts';
import type { configOperations } from './operations/config.ts';
import type { connectionsOperations } from './operations/connections.ts';
import type { countersOperations } from './operations/counters.ts';
import type { serviceOperations } from './operations/service.ts';

type StateOperations = typeof countersOperations &
  typeof cacheOperations &
  typeof connectionsOperations &
  typeof configOperations &
  typeof recoverOperations &
  typeof controlsOperations;

/** `GET /rooms` as `GET /v1/{strategy}/rooms`. */
type UnderStrategy<Table> = {
  [
    Route in keyof Table as Route extends `${infer Method} ${infer Path}` ? `${Method} /v1/{strategy}${Path}` : never
  ]: Table[Route];
};

type All = typeof serviceOperations & UnderStrategy<StateOperations>;

/** `/counters/{key}` as Hono writes it: `/counters/:key`. */
type Colons<Path extends string> = Path extends `${infer Before}{${infer Name}}${infer After}`
  ? `${Before}:${Name}${Colons<After>}`
  : Path;

type ParameterNames<Path extends string> = Path extends `${string}{${infer Name}}${infer After}`
  ? Name | ParameterNames<After>
  : never;

type PathOf<Route> = Route extends `${string} ${infer Path}` ? Path : never;
type MethodOf<Route> = Route extends `${infer Method} ${string}` ? `$${Lowercase<Method>}` : never;

type Input<One, Path extends string> = ([ParameterNames<Path>] extends [never]
  ? unknown
  : { param: Record<ParameterNames<Path>, string> }) &
  (One extends { body: { schema: infer Body extends z.ZodType; required: infer Required } }
    ? Required extends true
      ? { json: z.input<Body> }
      : { json?: z.input<Body> }
    : unknown) &
  (One extends { query: infer Query extends z.ZodType } ? { query?: InText<z.input<Query>> } : unknown) &
  (One extends { headers: infer Headers extends z.ZodType } ? { header?: z.input<Headers> } : unknown);

/** A query is text, whatever it stands for. */
type InText<Query> = { [Name in keyof Query]: Query[Name] extends string | undefined ? Query[Name] : string };

type Output<One extends Success> = One extends { json: infer Body extends z.ZodType }
  ? { output: z.output<Body>; outputFormat: 'json' }
  : { output: string; outputFormat: 'text' };

type Answers<One extends Operation, In> =
  | {
      [Status in keyof One['success'] & number]: { input: In; status: Status } & Output<One['success'][Status]>;
    }[keyof One['success'] & number]
  | {
      input: In;
      output: z.output<typeof problemDocument>;
      outputFormat: 'json';
      status: (typeof problems)[One['problems'][number] | (typeof refusedAnywhere)[number]][0];
    };

type Schema = {
  [Route in keyof All as Colons<PathOf<Route>>]: {
    [Same in keyof All as PathOf<Same> extends PathOf<Route> ? MethodOf<Same> : never]: Answers<
      All[Same],
      Input<All[Same], PathOf<Route>>
    >;
  };
};

export type Api = Hono<object, Schema>;
