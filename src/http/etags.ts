/** Entity tags; those of the config have a version as their opaque part: `"7"`. */
import { BadRequestError } from '../errors.ts';
import type { ExpectedVersion } from '../resources/config.ts';

const LIST = /^\s*(?:W\/)?"[^"]*"\s*(?:,\s*(?:W\/)?"[^"]*"\s*)*$/;

/** @param opaque a version, or any text without quotes */
export function etagOf(opaque: number | string): string {
  return `"${opaque}"`;
}

/** Whether `If-None-Match` names the tag with this opaque part: weak comparison (RFC 9110, 13.1.2). */
export function matchesNone(header: string | undefined, opaque: number | string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || tagsOf(header).some((tag) => tag.opaque === String(opaque));
}

/**
 * The versions that `If-Match` names: strong comparison, so weak tags count for nothing (RFC 9110, 13.1.1).
 *
 * @throws {BadRequestError} it is neither `*` nor a list of entity tags
 */
export function versionsOf(header: string, field = 'if-match'): ExpectedVersion {
  if (header.trim() === '*') return '*';
  if (!LIST.test(header)) throw new BadRequestError([{ field, detail: 'must be * or entity tags such as "7"' }]);
  return tagsOf(header).flatMap(({ weak, opaque }) => (!weak && /^\d{1,16}$/.test(opaque) ? [Number(opaque)] : []));
}

function tagsOf(header: string): { weak: boolean; opaque: string }[] {
  return Array.from(header.matchAll(/(W\/)?"([^"]*)"/g), ([, weak, opaque]) => ({
    weak: weak !== undefined,
    opaque: opaque!,
  }));
}
