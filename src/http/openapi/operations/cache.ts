import { documentBody } from '../../schemas.ts';
import { cachedDocument, cacheStats } from '../answers.ts';
import { operations, stateProblems, writeProblems } from '../operation.ts';
import { ifNoneMatch } from '../parameters.ts';

const cacheHeaders = {
  'Cache-Status': 'How the cache answered (RFC 9211)',
  Age: 'Seconds since it was stored in the cache',
  ETag: 'The same for the same document',
};

export const cacheOperations = operations({
  'GET /cache/{key}': {
    summary: 'Read a document, through the cache',
    headers: ifNoneMatch,
    success: {
      200: {
        description: 'The document; as a page for whoever prefers HTML',
        json: cachedDocument,
        text: 'text/html',
        headers: cacheHeaders,
      },
      304: { description: 'The client has it', headers: cacheHeaders },
    },
    problems: ['NOT_FOUND', ...stateProblems],
  },
  'PUT /cache/{key}': {
    summary: 'Store a document at the origin, then in the cache',
    body: { schema: documentBody, required: true },
    success: { 204: { description: 'Every later read sees it' } },
    problems: ['UNSUPPORTED_MEDIA_TYPE', 'CAPACITY', ...writeProblems],
  },
  'DELETE /cache/{key}': {
    summary: 'Forget the cached copy; the origin keeps its document',
    success: { 204: { description: 'It is not in the cache' } },
    problems: writeProblems,
  },
  'DELETE /documents/{key}': {
    summary: 'Delete a document at the origin, and its cached copy',
    success: { 204: { description: 'It is gone, and its room free: no later read sees it' } },
    problems: ['NOT_FOUND', ...writeProblems],
  },
  'GET /cache': {
    summary: 'What is in the cache, and what happened to it, on all threads together',
    success: { 200: { description: 'Counts since the start', json: cacheStats } },
    problems: stateProblems,
  },
});
