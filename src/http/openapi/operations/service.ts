import { z } from 'zod';
import { catalogue, health, readiness } from '../answers.ts';
import { operations } from '../operation.ts';

export const serviceOperations = operations({
  'GET /healthz': {
    summary: 'Whether the process answers; touches no shared state',
    success: { 200: { description: 'It does', json: health } },
    problems: [],
  },
  'GET /readyz': {
    summary: 'Whether every thread serves and the origin answers',
    success: { 200: { description: 'They do', json: readiness } },
    problems: ['NOT_READY', 'SHUTTING_DOWN'],
  },
  'GET /metrics': {
    summary: 'Metrics of all threads together, for Prometheus',
    success: { 200: { description: 'Its text format', text: 'text/plain' } },
    problems: ['NOT_FOUND'],
  },
  'GET /v1': {
    summary: 'The strategies and resources that are served',
    success: { 200: { description: 'By strategy', json: catalogue } },
    problems: [],
  },
  'GET /openapi.json': {
    summary: 'This document',
    success: { 200: { description: 'OpenAPI 3.1', json: z.record(z.string(), z.unknown()) } },
    problems: [],
  },
  'GET /docs': {
    summary: 'A page to try it',
    success: { 200: { description: 'The page', text: 'text/html' } },
    problems: [],
  },
  'GET /docs/{file}': {
    summary: 'What the page is made of',
    success: { 200: { description: 'A style sheet or a script', text: '*/*' } },
    problems: ['NOT_FOUND'],
  },
});
