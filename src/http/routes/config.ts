/** `/v1/{strategy}/config`: parse, call, reply. Knows no strategy by name. */
import type { Hono } from 'hono';
import { PreconditionRequiredError } from '../../errors.ts';
import type { Config, ConfigDocument } from '../../resources/config.ts';
import { bodyText, parseJson } from '../body.ts';
import { etagOf, matchesNone, versionsOf } from '../etags.ts';
import { exchange, whenReady, type Exchange, type ExchangeOptions, type HttpEnvironment } from '../exchange.ts';
import { checked, configBody } from '../schemas.ts';

/** @param base `/v1/{strategy}` */
export function configRoutes(app: Hono<HttpEnvironment>, base: string, config: Config, options: ExchangeOptions): void {
  app.get(`${base}/config`, (context) =>
    exchange(context, options, (call) =>
      whenReady(config.read(call), (document) =>
        matchesNone(call.header('if-none-match'), document.version)
          ? call.empty(304, { etag: etagOf(document.version) })
          : answer(call, document),
      ),
    ),
  );

  app.put(`${base}/config`, (context) =>
    exchange(context, options, async (call) => {
      const ifMatch = call.header('if-match');
      if (ifMatch === undefined) throw new PreconditionRequiredError('send If-Match with the version you read, or *');
      const expected = versionsOf(ifMatch);
      const text = await bodyText(context, call);
      const { values } = checked(configBody, text === undefined ? undefined : parseJson(text));
      return answer(call, await config.replace(JSON.stringify(values), expected, call));
    }),
  );
}

function answer(call: Exchange, { version, text }: ConfigDocument): Response {
  return call.json(text, 200, { etag: etagOf(version) });
}
