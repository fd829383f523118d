import { faultsBody } from '../../schemas.ts';
import { fault, recovery } from '../answers.ts';
import { operations, writeProblems } from '../operation.ts';

/** Served where an `ADMIN_TOKEN` is set. */
export const recoverOperations = operations({
  'POST /recover': {
    summary: 'Let the next owners of poisoned locks repair what they guard',
    needsToken: true,
    success: { 200: { description: 'What was found and done, by resource', json: recovery } },
    problems: ['UNAUTHORIZED', 'FORBIDDEN', 'FENCED'],
  },
});

/** Served with `CONTROLS=on` as well. */
export const controlsOperations = operations({
  'POST /reset': {
    summary: 'Empty the state of the strategy',
    needsToken: true,
    success: { 204: { description: 'It is empty' } },
    problems: ['UNAUTHORIZED', 'FORBIDDEN', 'NOT_APPLICABLE', ...writeProblems],
  },
  'POST /faults': {
    summary: 'Let the next writes of counters meet a fault',
    needsToken: true,
    body: { schema: faultsBody, required: true },
    success: { 202: { description: 'What they will meet', json: fault } },
    problems: ['UNAUTHORIZED', 'FORBIDDEN', 'FENCED', 'UNSUPPORTED_MEDIA_TYPE'],
  },
});
