import type { ZodOpenApiHeadersObject, ZodOpenApiResponseObject, ZodOpenApiResponsesObject } from 'zod-openapi';
import type { ErrorCode } from '../../errors.ts';
import { problems } from '../problems.ts';
import { refusedAnywhere } from './operation.ts';

/** Headers that a problem of the status carries; see `problem` in `../problems.ts`. */
const headersByStatus: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'WWW-Authenticate': 'Always Bearer' },
  426: { Upgrade: 'Always websocket' },
  503: { 'Retry-After': 'Seconds after which to try again' },
};

/** The responses of refused requests. Routes that refuse with the same codes share a component. */
export class ProblemResponses {
  readonly components: Record<string, ZodOpenApiResponseObject> = {};

  /** By status: a reference for each that `codes`, or the parser, can lead to. */
  of(codes: readonly ErrorCode[]): ZodOpenApiResponsesObject {
    const byStatus = Map.groupBy(new Set([...refusedAnywhere, ...codes]), (code) => problems[code][0]);
    return Object.fromEntries(
      Array.from(byStatus, ([status, together]) => [
        String(status),
        { $ref: this.#reference(status, together.sort()) },
      ]),
    );
  }

  #reference(status: number, codes: readonly ErrorCode[]): string {
    const name = `${status}.${codes.join('.')}`;
    this.components[name] ??= {
      description: codes.map((code) => `\`${code}\`: ${problems[code][1]}`).join('. '),
      headers: textHeaders({ 'X-Request-Id': 'Names the request, in the log too', ...headersByStatus[status] }),
      content: {
        'application/problem+json': {
          schema: {
            allOf: [
              { $ref: '#/components/schemas/Problem' },
              { type: 'object', properties: { status: { const: status }, code: { enum: [...codes] } } },
            ],
          },
        },
      },
    };
    return `#/components/responses/${name}`;
  }
}

/** Headers that an answer always has, by what they say. */
export function textHeaders(descriptions: Readonly<Record<string, string>>): ZodOpenApiHeadersObject {
  return Object.fromEntries(
    Object.entries(descriptions).map(([name, description]) => [
      name,
      { description, required: true, schema: { type: 'string' } },
    ]),
  );
}
