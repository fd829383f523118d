/** A client that knows the service's routes, bodies and answers: hono's `hc`, with types from the service's schemas. */
import { hc } from 'hono/client';
import type { Api } from '../src/http/openapi/client-types.ts';

/** Adds up visits per page, and reads one back. */
export async function countVisits(url: string, strategy: string, pages: readonly string[]): Promise<number> {
  const { counters } = hc<Api>(url).v1[':strategy'];
  for (const key of pages) await counters[':key'].increment.$post({ param: { strategy, key }, json: { by: 1 } });

  const response = await counters[':key'].$get({ param: { strategy, key: pages[0]! } });
  if (response.status === 200) return (await response.json()).value; // a number, says the compiler
  const { code, detail } = await response.json(); // a problem document
  throw new Error(`${code}: ${detail}`);
}
