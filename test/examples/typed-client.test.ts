import { expect, expectTypeOf, it } from 'vitest';
import { hc, type InferRequestType, type InferResponseType } from 'hono/client';
import { countVisits } from '../../examples/typed-client.ts';
import type { Api } from '../../src/http/openapi/client-types.ts';
import { anyStrategy } from '../support/served.ts';
import { startServiceUnderTest } from '../support/service.ts';

it('counts visits through the service', async () => {
  await using service = await startServiceUnderTest({ STRATEGIES: anyStrategy.name, THREADS: '2' });
  expect(await countVisits(service.url, anyStrategy.name, ['a page', 'b', 'a page'])).toBe(2);
  await expect(countVisits(service.url, 'no-such-strategy', ['a'])).rejects.toThrow('NOT_FOUND');
});

it('has the types of the schemas', () => {
  const { counters, connections, config } = hc<Api>('http://localhost').v1[':strategy'];
  const { increment, $get: read, $delete: remove } = counters[':key'];
  type Id = { strategy: string; id: string };
  expectTypeOf<InferRequestType<typeof increment.$post>['json']>().toEqualTypeOf<
    { by?: number | undefined } | undefined
  >();
  expectTypeOf<InferResponseType<typeof read, 200>>().toEqualTypeOf<{ key: string; value: number }>();
  expectTypeOf<InferResponseType<typeof read, 404>['requestId']>().toEqualTypeOf<string>();
  expectTypeOf<InferRequestType<(typeof connections)[':id']['$put']>['param']>().toEqualTypeOf<Id>();
  expectTypeOf<InferResponseType<typeof config.$get, 200>['version']>().toEqualTypeOf<number>();
  expectTypeOf<InferRequestType<typeof counters.$get>['query']>().toExtend<{ limit?: string } | undefined>();
  // @ts-expect-error: another type than the schema's
  const wrong = () => increment.$post({ param: { strategy: 's', key: 'k' }, json: { by: 'one' } });
  // @ts-expect-error: a parameter is missing
  const incomplete = () => remove({ param: { key: 'k' } });
  expect([wrong, incomplete]).toHaveLength(2); // never called
});
