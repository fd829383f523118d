/** The agent over HTTP: starts, watches and stops the services of a comparison that runs on another machine. */
import { Hono, type Context } from 'hono';
import { bearerAuth } from 'hono/bearer-auth';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';
import { messageOf, ServiceError, UsageError } from '../errors.ts';
import { moments, serviceRequest, sessionRequest } from './protocol.ts';
import { RefusedError, type Sessions } from './sessions.ts';

const MAX_BODY_BYTES = 16 * 1024;

const refused = (status: number, code: string, detail: string) => ({ type: 'about:blank', status, code, detail });
const unauthorized = refused(401, 'UNAUTHORIZED', 'the agent wants the token that it was started with');
const tooLarge = refused(413, 'BODY_TOO_LARGE', `a body may have ${MAX_BODY_BYTES} bytes`);

/** @param token what `Authorization: Bearer` must carry; compared in constant time */
export function agentApp(token: string, sessions: Sessions): Hono {
  const app = new Hono();
  app.use(
    bearerAuth({
      token,
      noAuthenticationHeader: { message: unauthorized },
      invalidAuthenticationHeader: { message: unauthorized },
      invalidToken: { message: unauthorized },
    }),
  );
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES, onError: (c) => c.json(tooLarge, 413) }));

  app.get('/clock', (c) => c.json({ unixMs: Date.now() }));

  app.post('/sessions', async (c) => {
    const { origin } = await parsed(sessionRequest, c);
    const { id, host } = await sessions.open(origin);
    return c.json({ id, unixMs: Date.now(), origin: host.origin, machine: host.machine }, 201);
  });
  app.put('/sessions/:id/alive', (c) => {
    sessions.touch(c.req.param('id'));
    return c.body(null, 204);
  });
  app.delete('/sessions/:id', async (c) => {
    await sessions.close(c.req.param('id'));
    return c.body(null, 204);
  });

  app.post('/sessions/:id/service', async (c) => {
    const wanted = await parsed(serviceRequest, c);
    const { url } = await sessions.start(c.req.param('id'), wanted);
    return c.json({ port: Number(new URL(url).port) }, 201);
  });
  app.get('/sessions/:id/service/use', async (c) => {
    const { fromUnixMs, toUnixMs } = checked(moments, c.req.query());
    return c.json(await sessions.service(c.req.param('id')).use(fromUnixMs, toUnixMs));
  });
  app.delete('/sessions/:id/service', async (c) => {
    await sessions.stop(c.req.param('id'));
    return c.body(null, 204);
  });

  app.notFound((c) => c.json(refused(404, 'NOT_FOUND', 'the agent has no such route'), 404));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return error.getResponse();
    if (error instanceof RefusedError) return c.json(refused(error.status, error.code, error.message), error.status);
    const known = error instanceof ServiceError || error instanceof UsageError;
    return known
      ? c.json(refused(502, error.code, messageOf(error)), 502)
      : c.json(refused(500, 'INTERNAL', messageOf(error)), 500);
  });
  return app;
}

async function parsed<T>(schema: z.ZodType<T>, c: Context): Promise<T> {
  const text = await c.req.text();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RefusedError(400, 'the body is not JSON');
  }
  return checked(schema, value);
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (!result.success) throw new RefusedError(400, z.prettifyError(result.error));
  return result.data;
}
