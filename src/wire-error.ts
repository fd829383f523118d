/** Errors between threads: `postMessage` strips an error's class, name and code, so they travel as plain data. */
import * as errors from './errors.ts';
import { SharedStateError } from './errors.ts';

export interface WireError {
  readonly name: string;
  readonly message: string;
  /** Only what can be cloned. */
  readonly fields: Readonly<Record<string, unknown>>;
}

type ErrorClass = abstract new (...args: never[]) => SharedStateError;

const classes = new Map<string, ErrorClass>(
  Object.entries(errors).filter(([, value]) => value.prototype instanceof SharedStateError) as [string, ErrorClass][],
);

/** Whatever was thrown, as something that can be posted: a field that cannot be cloned travels as text. Never throws. */
export function toWire(error: unknown): WireError {
  try {
    if (!(error instanceof Error)) return { name: 'Error', message: textOf(error), fields: {} };
    return { name: textOf(error.name), message: textOf(error.message), fields: fieldsOf(error) };
  } catch {
    return { name: 'Error', message: 'an error that cannot be read was thrown', fields: {} };
  }
}

/** The error as its class again, where it is one of ours; the stack is the receiver's. */
export function fromWire({ name, message, fields }: WireError): Error {
  const error = new Error(message);
  const known = classes.get(name);
  if (known !== undefined) Object.setPrototypeOf(error, known.prototype as object);
  for (const [key, value] of Object.entries({ ...fields, name })) {
    // Defined, not assigned: `__proto__` is a field like any other.
    Object.defineProperty(error, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return error;
}

/** Inherited ones too: an error with another outcome has the first one as its prototype. */
function fieldsOf(error: Error): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const key in error) {
    const value = cloneable(() => (error as unknown as Record<string, unknown>)[key]);
    Object.defineProperty(fields, key, { value, enumerable: true });
  }
  return fields;
}

function cloneable(read: () => unknown): unknown {
  try {
    const value = read();
    return isPlain(value) ? value : structuredClone(value);
  } catch (error) {
    return `(not cloneable: ${textOf(error)})`;
  }
}

function isPlain(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol');
}

/** Text of anything: also of what has no `toString`, or one that throws. */
function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return '(no text)';
  }
}
