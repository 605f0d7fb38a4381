import type { StatusCause } from './status.ts';

/**
 * One refused field, worded as Kubernetes words it (`field.Error` of k8s.io/apimachinery): the reasons are its
 * `ErrorType`s, the messages its `ErrorBody()`. `field` is where the value stands, `invalid()` puts it before the text.
 */
export const fieldInvalid = (field: string, value: unknown, detail: string): StatusCause =>
  cause('FieldValueInvalid', field, `Invalid value: ${printBadValue(value)}`, detail);

export const fieldTypeInvalid = (field: string, value: unknown, detail: string): StatusCause =>
  cause('FieldValueTypeInvalid', field, `Invalid value: ${printBadValue(value)}`, detail);

export const fieldRequired = (field: string, detail = ''): StatusCause =>
  cause('FieldValueRequired', field, 'Required value', detail);

export const fieldForbidden = (field: string, detail: string): StatusCause =>
  cause('FieldValueForbidden', field, 'Forbidden', detail);

export const fieldNotSupported = (field: string, value: unknown, supported: readonly string[]): StatusCause =>
  cause(
    'FieldValueNotSupported',
    field,
    `Unsupported value: ${printBadValue(value)}`,
    supported.length > 0 ? `supported values: ${supported.map(quote).join(', ')}` : '',
  );

export const fieldDuplicate = (field: string, value: unknown): StatusCause =>
  cause('FieldValueDuplicate', field, `Duplicate value: ${printBadValue(value)}`, '');

export const fieldNotFound = (field: string, value: unknown): StatusCause =>
  cause('FieldValueNotFound', field, `Not found: ${printBadValue(value)}`, '');

/** `maxBytes` below zero leaves the limit out of the message. */
export const fieldTooLong = (field: string, maxBytes: number): StatusCause =>
  cause(
    'FieldValueTooLong',
    field,
    'Too long',
    maxBytes < 0 ? 'value is too long' : `may not be more than ${maxBytes} bytes`,
  );

export const fieldTooMany = (field: string, actual: number, max: number): StatusCause =>
  cause('FieldValueTooMany', field, `Too many: ${actual}`, `must have at most ${max} items`);

function cause(reason: string, field: string, what: string, detail: string): StatusCause {
  return { reason, message: detail ? `${what}: ${detail}` : what, field };
}

const BAD_VALUE_LIMIT = 1_000;

/** A value inside a message: strings quoted, the rest as JSON, and long ones cut, since the value is the caller's. */
function printBadValue(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  const text = typeof value === 'string' ? quote(value) : JSON.stringify(value);
  return text.length > BAD_VALUE_LIMIT ? `${text.slice(0, BAD_VALUE_LIMIT)}...` : text;
}

/** A string in double quotes, as Go's `%q` prints printable text. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

/** `spec` + `replicas` -> `spec.replicas`; the root has the empty path. */
export const childPath = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);
export const indexPath = (path: string, index: number): string => `${path}[${index}]`;
export const keyPath = (path: string, key: string): string => `${path}[${key}]`;
