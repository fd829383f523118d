/** The OpenAPI document: of the strategies and resources that a service serves, from the schemas that it checks with. */
import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import type { ResourceName } from '../../strategies/strategy.ts';
import { nameParameter } from './parameters.ts';
import type { Operation, Operations } from './operation.ts';
import { controlsOperations, recoverOperations } from './operations/admin.ts';
import { cacheOperations } from './operations/cache.ts';
import { configOperations } from './operations/config.ts';
import { connectionsOperations } from './operations/connections.ts';
import { countersOperations } from './operations/counters.ts';
import { serviceOperations } from './operations/service.ts';
import { ProblemResponses, textHeaders } from './problem-responses.ts';
import { problemDocument } from './answers.ts';

export type OpenApiDocument = ReturnType<typeof createDocument>;

/** What a document is of. */
export interface DocumentedService {
  readonly strategies: readonly { readonly name: string; readonly resources: readonly ResourceName[] }[];
  readonly hasAdmin: boolean;
  /** Whether `reset` and `faults` are served. */
  readonly controls: boolean;
}

const resourceOperations: { readonly [Name in ResourceName]: Operations } = {
  counters: countersOperations,
  cache: cacheOperations,
  connections: connectionsOperations,
  config: configOperations,
};

const about = [
  'State that is shared between the threads of one service, once per strategy.',
  'Every error is `application/problem+json` with a stable `code`. A request that gets 4xx, 503 or 507 has changed nothing; one that may have changed something says `outcome: "unknown"`.',
  'A known path with another method answers 405 with `Allow`; a resource that a strategy does not have answers 501.',
].join('\n\n');

export function openApiDocument({ strategies, hasAdmin, controls }: DocumentedService): OpenApiDocument {
  const problems = new ProblemResponses();
  const paths: ZodOpenApiPathsObject = {};

  const add = (tag: string, table: Operations, base: string, names: readonly string[]): void => {
    if (base !== '' && names.length === 0) return;
    for (const [route, operation] of Object.entries(table)) {
      const [method, path] = route.split(' ') as [string, string];
      const documented = describe(operation, `${base}${path}`, names, problems);
      (paths[`${base}${path}`] ??= {})[method.toLowerCase() as 'get'] = { tags: [tag], ...documented };
    }
  };

  add('service', serviceOperations, '', []);
  for (const resource of Object.keys(resourceOperations) as ResourceName[]) {
    const having = strategies.filter(({ resources }) => resources.includes(resource));
    add(resource, resourceOperations[resource], '/v1/{strategy}', namesOf(having));
  }
  if (hasAdmin) add('administration', recoverOperations, '/v1/{strategy}', namesOf(strategies));
  if (hasAdmin && controls) add('administration', controlsOperations, '/v1/{strategy}', namesOf(strategies));

  return createDocument(
    {
      openapi: '3.1.0',
      info: { title: 'shared-state', version: '1', description: about, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/' }],
      paths,
      components: {
        schemas: { Problem: problemDocument },
        responses: problems.components,
        ...(hasAdmin && { securitySchemes: { adminToken: { type: 'http', scheme: 'bearer' } } }),
      },
    },
    { allowEmptySchema: { custom: true } }, // what they are is in the metadata of the schema around them
  );
}

function namesOf(strategies: DocumentedService['strategies']): string[] {
  return strategies.map(({ name }) => name);
}

function describe(
  { summary, query, headers, body, success, problems, needsToken }: Operation,
  path: string,
  strategies: readonly string[],
  responses: ProblemResponses,
): ZodOpenApiOperationObject {
  const inPath = Array.from(
    path.matchAll(/\{(\w+)\}/g),
    ([, name]) => [name!, name === 'strategy' ? z.enum(strategies) : nameParameter] as const,
  );
  return {
    summary,
    requestParams: {
      ...(inPath.length > 0 && { path: z.object(Object.fromEntries(inPath)) }),
      ...(query !== undefined && { query }),
      ...(headers !== undefined && { header: headers }),
    },
    ...(body !== undefined && {
      requestBody: { required: body.required, content: { 'application/json': { schema: body.schema } } },
    }),
    ...(needsToken === true && { security: [{ adminToken: [] }] }),
    // Without the strategy there is nothing, whatever the route.
    responses: { ...successes(success), ...responses.of(inPath.length > 0 ? ['NOT_FOUND', ...problems] : problems) },
  };
}

function successes(success: Operation['success']): ZodOpenApiResponsesObject {
  return Object.fromEntries(
    Object.entries(success).map(([status, { description, json, text, headers }]) => [
      status,
      {
        description,
        ...(headers !== undefined && { headers: textHeaders(headers) }),
        ...((json !== undefined || text !== undefined) && {
          content: {
            ...(json !== undefined && { 'application/json': { schema: json } }),
            ...(text !== undefined && { [text]: { schema: { type: 'string' } } }),
          },
        }),
      } satisfies ZodOpenApiResponseObject,
    ]),
  );
}
