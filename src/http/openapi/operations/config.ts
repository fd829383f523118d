import { configBody } from '../../schemas.ts';
import { configDocument } from '../answers.ts';
import { operations, stateProblems, writeProblems } from '../operation.ts';
import { ifMatch, ifNoneMatch } from '../parameters.ts';

const etag = { ETag: 'The version' };

export const configOperations = operations({
  'GET /config': {
    summary: 'Read the config',
    headers: ifNoneMatch,
    success: {
      200: { description: 'A whole version', json: configDocument, headers: etag },
      304: { description: 'The client has it', headers: etag },
    },
    problems: stateProblems,
  },
  'PUT /config': {
    summary: 'Replace the config; If-Match names the version it is based on, or is *',
    headers: ifMatch,
    body: { schema: configBody, required: true },
    success: { 200: { description: 'The new version', json: configDocument, headers: etag } },
    problems: ['PRECONDITION_FAILED', 'PRECONDITION_REQUIRED', 'UNSUPPORTED_MEDIA_TYPE', ...writeProblems],
  },
});
