import { PreconditionFailedError } from '../errors.ts';
import type { Awaitable } from '../sync/wait.ts';
import type { Call } from './call.ts';

/** Longest document in bytes of UTF-8, its version included. */
export const MAX_CONFIG_BYTES = 33 * 1024;

/** One version of the config. Frozen: the same object is handed out while nothing changes. */
export interface ConfigDocument {
  /** 1, 2, 3 … without gaps. */
  readonly version: number;
  /** The whole document as JSON, ready to be sent: `{"version":…,"values":{…}}`. */
  readonly text: string;
}

/** Which version a write expects: one of these, or any. */
export type ExpectedVersion = readonly number[] | '*';

/**
 * One document that is read often and written now and then. Readers see whole versions only, and the document is
 * linearizable under every strategy but the control. The first version is 1, with no values.
 */
export interface Config {
  read(call: Call): Awaitable<ConfigDocument>;

  /**
   * Replaces the values.
   *
   * @param values a JSON object as text
   * @returns the new document
   * @throws {PreconditionFailedError} the current version is none of the expected; nothing changed
   */
  replace(values: string, expected: ExpectedVersion, call: Call): Awaitable<ConfigDocument>;
}

export const firstConfig: ConfigDocument = configDocument(1, '{}');

export function configDocument(version: number, values: string): ConfigDocument {
  return Object.freeze({ version, text: `{"version":${version},"values":${values}}` });
}

/** How a write turns the current document into the next. Pure: it runs inside critical sections, and may throw. */
export type ConfigChange = (current: ConfigDocument) => ConfigDocument;

export function replacedBy(values: string, expected: ExpectedVersion): ConfigChange {
  return ({ version }) => {
    if (expected !== '*' && !expected.includes(version)) throw new PreconditionFailedError(expected, version);
    return configDocument(version + 1, values);
  };
}
