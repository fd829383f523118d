/** The values of flags: each is read, or refused with what is allowed. */
import { UsageError } from './errors.ts';

export interface NumberRange {
  readonly least: number;
  readonly most: number;
}

interface NumberRule extends NumberRange {
  readonly form: RegExp;
  readonly what: string;
}

/** Names out of `allowed`, given repeatedly or with commas. */
export function listOf(
  flag: string,
  values: readonly string[] | undefined,
  allowed: readonly { readonly name: string }[],
): string[] {
  const names = (values ?? []).flatMap((value) => value.split(',').map((part) => part.trim()));
  for (const name of names) {
    if (allowed.some((item) => item.name === name)) continue;
    throw new UsageError(`--${flag} "${name}": must be one or more of ${allowed.map((item) => item.name).join(', ')}`);
  }
  return names;
}

/** One of `allowed`; the first of them where nothing was given. */
export function oneOf<T extends { readonly name: string }>(
  flag: string,
  value: string | undefined,
  allowed: readonly T[],
): T {
  if (value === undefined) return allowed[0]!;
  const found = allowed.find(({ name }) => name === value);
  if (found !== undefined) return found;
  throw new UsageError(`--${flag} "${value}": must be one of ${allowed.map(({ name }) => name).join(', ')}`);
}

export function integerOf(flag: string, text: string | undefined, range: NumberRange): number | undefined {
  return numberOf(flag, text, { ...range, form: /^\d+$/u, what: 'a whole number' });
}

export function secondsOf(flag: string, text: string | undefined, range: NumberRange): number | undefined {
  return numberOf(flag, text, { ...range, form: /^\d+(?:\.\d+)?s?$/u, what: 'seconds, such as 10 or 10s,' });
}

export function millisecondsOf(flag: string, text: string | undefined, range: NumberRange): number | undefined {
  return numberOf(flag, text, { ...range, form: /^\d+(?:\.\d+)?(?:ms)?$/u, what: 'milliseconds, such as 50 or 50ms,' });
}

export const DEFAULT_TOLERANCE = 0.05;

/** A share, given in per cent. */
export function toleranceOf(text: string | undefined): number {
  const rule = { least: 0, most: 50, form: /^\d+(?:\.\d+)?%?$/u, what: 'a percentage, such as 5 or 5%,' };
  const percentage = numberOf('tolerance', text, rule);
  return percentage === undefined ? DEFAULT_TOLERANCE : percentage / 100;
}

function numberOf(flag: string, text: string | undefined, rule: NumberRule): number | undefined {
  if (text === undefined) return undefined;
  const value = Number.parseFloat(text);
  if (rule.form.test(text) && value >= rule.least && value <= rule.most) return value;
  throw new UsageError(`--${flag} "${text}": must be ${rule.what} from ${rule.least} to ${rule.most}`);
}

/** An address such as http://10.0.0.7:7777. */
export function httpUrlOf(flag: string, text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === 'http:' && url.pathname === '/' && url.search === '' && url.username === '') return url;
  throw new UsageError(`--${flag} "${text}": must be an address such as http://10.0.0.7:7777`);
}

/** `name=1,2,4` with a name out of `allowed` and at least two values, ascending. */
export function sweepOf<T extends string>(
  text: string | undefined,
  allowed: Readonly<Record<T, NumberRange>>,
): { readonly name: T; readonly values: readonly number[] } | undefined {
  if (text === undefined) return undefined;
  const names = Object.keys(allowed) as T[];
  const [given = '', list = ''] = text.split('=');
  const name = names.find((known) => known === given);
  if (name === undefined) {
    const forms = names.map((known) => `${known}=1,2,4`).join(' or ');
    throw new UsageError(`--sweep "${text}": must be ${forms}`);
  }
  const values = list.split(',').map((value) => integerOf(`sweep ${name}`, value, allowed[name])!);
  const distinct = [...new Set(values)].toSorted((a, b) => a - b);
  if (distinct.length < 2) throw new UsageError(`--sweep "${text}": needs two values or more, such as ${name}=1,2,4`);
  return { name, values: distinct };
}
