/** Reads an OpenAPI document as a client would: which routes there are, and what an answer must look like. */
import { z } from 'zod';
import type { OpenApiDocument } from '../../src/http/openapi/document.ts';

type Json = Readonly<Record<string, any>>;

const METHODS = ['get', 'put', 'post', 'delete'];

/** Every route, once per strategy that it is documented for, as Hono writes it: `GET /v1/actor/counters/:key`. */
export function routesOf({ paths = {} }: OpenApiDocument): string[] {
  return Object.entries(paths as Json).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).flatMap((method) => {
      const route = `${method.toUpperCase()} ${path}`;
      const named = item[method].parameters?.find(({ name }: Json) => name === 'strategy')?.schema.enum as string[];
      const routes = named?.map((name) => route.replace('{strategy}', name)) ?? [route];
      return routes.map((each) => each.replaceAll(/\{(\w+)\}/g, ':$1'));
    }),
  );
}

export interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  readonly headers: Headers;
  readonly text: string;
}

/** What is wrong with an answer by the document; empty when nothing is. @param route `GET /v1/{strategy}/rooms` */
export function deviations(document: OpenApiDocument, route: string, answer: Answer): string[] {
  const [method, path] = route.split(' ') as [string, string];
  const operation = (document.paths as Json)[path]?.[method.toLowerCase()];
  const response = resolved(document, operation?.responses[answer.status]);
  if (response === undefined) return [`${route}: status ${answer.status} is not documented`];
  const missing = Object.keys(response['headers'] ?? {}).filter((name) => !answer.headers.has(name));
  const found = missing.map((name) => `${route}: the header ${name} is missing`);
  const [mediaType = ''] = (answer.contentType ?? '').split(';');
  const content = response['content'];
  if (content === undefined) return answer.text === '' ? found : [...found, `${route}: no body is documented`];
  const documented = content[mediaType] ?? content['*/*'];
  if (documented === undefined) return [...found, `${route}: ${mediaType} is not documented for ${answer.status}`];
  if (!mediaType.endsWith('json')) return found;
  const { error } = schemaOf(document, documented.schema).safeParse(JSON.parse(answer.text));
  return error === undefined ? found : [...found, `${route}: ${z.prettifyError(error)}`];
}

function resolved(document: OpenApiDocument, response: Json | undefined): Json | undefined {
  const name = response?.['$ref']?.replace('#/components/responses/', '');
  return name === undefined ? response : (document.components!.responses as Json)[name];
}

/** The schema as one that stands alone: what it refers to comes along. */
function schemaOf({ components }: OpenApiDocument, schema: Json): z.ZodType {
  const whole = { ...schema, $defs: components!.schemas };
  return z.fromJSONSchema(JSON.parse(JSON.stringify(whole).replaceAll('#/components/schemas/', '#/$defs/')));
}
