import { z } from 'zod';
import { connectionBody, messageBody } from '../../schemas.ts';
import { connection, connectionPage, delivery, roomList } from '../answers.ts';
import { operations, stateProblems, writeProblems } from '../operation.ts';
import { ifMatch, nameParameter, pageQuery } from '../parameters.ts';

const etag = { ETag: 'The epoch of this registration' };

export const connectionsOperations = operations({
  'PUT /connections/{id}': {
    summary: 'Register a connection',
    body: { schema: connectionBody, required: true },
    success: {
      200: { description: 'It replaced one with this id', json: connection, headers: etag },
      201: { description: 'It is new', json: connection, headers: etag },
    },
    problems: ['UNSUPPORTED_MEDIA_TYPE', 'CAPACITY', ...writeProblems],
  },
  'POST /connections/{id}/heartbeat': {
    summary: 'Say that a connection is alive',
    success: { 204: { description: 'It lives on' } },
    problems: ['NOT_FOUND', ...writeProblems],
  },
  'GET /connections/{id}': {
    summary: 'Look a connection up',
    success: { 200: { description: 'The connection', json: connection, headers: etag } },
    problems: ['NOT_FOUND', ...stateProblems],
  },
  'DELETE /connections/{id}': {
    summary: 'Take a connection out; with If-Match, only if it was not replaced since',
    headers: ifMatch,
    success: { 204: { description: 'It is gone' } },
    problems: ['NOT_FOUND', 'PRECONDITION_FAILED', ...writeProblems],
  },
  'GET /connections': {
    summary: 'List connections, all or those of a room',
    query: z.object({ room: nameParameter.optional(), ...pageQuery }),
    success: {
      200: {
        description: 'A page; it may have fewer than `limit`, and the end is where there is no `cursor`',
        json: connectionPage,
      },
    },
    problems: stateProblems,
  },
  'GET /rooms': {
    summary: 'Rooms with how many are in each',
    success: { 200: { description: 'Every room that somebody is in', json: roomList } },
    problems: stateProblems,
  },
  'POST /rooms/{room}/messages': {
    summary: 'Send to the WebSockets of a room, on every thread',
    body: { schema: messageBody, required: true },
    success: { 202: { description: 'To how many it was handed', json: delivery } },
    problems: ['UNSUPPORTED_MEDIA_TYPE', ...writeProblems],
  },
  'GET /ws': {
    summary: 'Join a room over WebSocket: registered while it is open',
    query: z.object({ room: nameParameter, id: nameParameter.optional() }),
    success: { 101: { description: 'The connection speaks WebSocket from now on' } },
    problems: ['FORBIDDEN', 'UPGRADE_REQUIRED', 'CAPACITY', ...stateProblems],
  },
});
