import { z } from 'zod';
import { compareAndSetBody, incrementBody } from '../../schemas.ts';
import { counter, counterPage } from '../answers.ts';
import { operations, stateProblems, writeProblems } from '../operation.ts';
import { pageQuery } from '../parameters.ts';

const one = { description: 'The counter', json: counter };

export const countersOperations = operations({
  'GET /counters/{key}': {
    summary: 'Read a counter',
    success: { 200: one },
    problems: ['NOT_FOUND', ...stateProblems],
  },
  'POST /counters/{key}/increment': {
    summary: 'Add to a counter; without a body, 1',
    body: { schema: incrementBody, required: false },
    success: { 200: { description: 'The value just after this increment', json: counter } },
    problems: ['OVERFLOW', 'UNSUPPORTED_MEDIA_TYPE', 'CAPACITY', ...writeProblems],
  },
  'POST /counters/{key}/compare-and-set': {
    summary: 'Set a counter, if it has the expected value; one never written counts as 0',
    body: { schema: compareAndSetBody, required: true },
    success: { 200: one },
    problems: ['CONFLICT', 'UNSUPPORTED_MEDIA_TYPE', 'CAPACITY', ...writeProblems],
  },
  'DELETE /counters/{key}': {
    summary: 'Delete a counter',
    success: { 204: { description: 'It is gone' } },
    problems: ['NOT_FOUND', ...writeProblems],
  },
  'GET /counters': {
    summary: 'List counters: a page is one consistent cut (per shard, where there are shards)',
    query: z.object(pageQuery),
    success: { 200: { description: 'A page', json: counterPage } },
    problems: ['NOT_APPLICABLE', ...stateProblems],
  },
});
