/** Errors between threads: `postMessage` strips an error's class, name and code, so they travel as plain data. */
import * as errors from './errors.ts';
import { SharedStateError } from './errors.ts';

export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

type ErrorClass = abstract new (...args: never[]) => SharedStateError;

const classes = new Map<string, ErrorClass>(
  Object.entries(errors).filter(([, value]) => value.prototype instanceof SharedStateError) as [string, ErrorClass][],
);

export function toWire(error: unknown): WireError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), fields: {} };
  return { name: error.name, message: error.message, fields: Object.fromEntries(Object.entries(error)) };
}

/** The error as its class again, where it is one of ours; the stack is the receiver's. */
export function fromWire({ name, message, fields }: WireError): Error {
  const error = new Error(message);
  const known = classes.get(name);
  if (known !== undefined) Object.setPrototypeOf(error, known.prototype as object);
  return Object.assign(error, fields, { name });
}
