/** What a refusal must look like. */

/** @returns what is wrong with it; undefined: nothing */
export function checkRefusal(
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: string,
): string | undefined {
  if (status !== 503) return `status ${status}`;
  if (!/^[1-9]\d*$/.test(String(headers['retry-after']))) return '503 without Retry-After';
  if (headers['content-type'] !== 'application/problem+json') return '503 that is no problem+json';
  const { code, status: inBody } = JSON.parse(body) as { readonly code?: unknown; readonly status?: unknown };
  if (inBody !== 503 || typeof code !== 'string') return '503 whose problem says something else';
  return undefined;
}
