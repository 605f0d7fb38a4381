import { deepEqual, fieldForbidden, fieldInvalid, isConfigMapKey, isJsonObject, type StatusCause, type UnstructuredObject } from '@plinth/apimachinery';
import type { Strategy } from '../registry/strategy.ts';
import { ensureObject } from './members.ts';

export const secretStrategy: Partial<Strategy> = {
  prepare: (draft) => {
    const plain = draft['stringData'];
    delete draft['stringData'];
    if (!isJsonObject(plain) || Object.keys(plain).length === 0) return;
    const data = ensureObject(draft, 'data');
    for (const [key, value] of Object.entries(plain)) data[key] = Buffer.from(String(value)).toString('base64');
  },
  validate: (secret, old) => [
    ...keyCauses(secret, 'data'),
    ...base64Causes(secret['data']),
    ...sizeCauses(secret),
    ...(old && old['type'] !== secret['type'] ? [fieldInvalid('type', secret['type'], 'field is immutable')] : []),
    ...(old ? immutableCauses(secret, old, ['data']) : []),
  ],
};

export const configMapStrategy: Partial<Strategy> = {
  validate: (map, old) => [
    ...keyCauses(map, 'data'),
    ...keyCauses(map, 'binaryData'),
    ...base64Causes(map['binaryData'], 'binaryData'),
    ...sizeCauses(map),
    ...(old ? immutableCauses(map, old, ['data', 'binaryData']) : []),
  ],
};

function keyCauses(object: UnstructuredObject, field: string): readonly StatusCause[] {
  const values = object[field];
  if (!isJsonObject(values)) return [];
  return Object.keys(values).flatMap((key) => isConfigMapKey(key).map((wrong) => fieldInvalid(`${field}[${key}]`, key, wrong)));
}

/** The value itself is never in the message: it may be a secret. */
function base64Causes(values: unknown, field = 'data'): readonly StatusCause[] {
  if (!isJsonObject(values)) return [];
  return Object.entries(values)
    .filter(([, value]) => typeof value === 'string' && !isBase64(value))
    .map(([key]) => fieldInvalid(`${field}[${key}]`, '<redacted>', 'must be base64'));
}

const isBase64 = (text: string): boolean => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);

const MAX_BYTES = 1024 * 1024;

function sizeCauses(object: UnstructuredObject): readonly StatusCause[] {
  let size = 0;
  for (const field of ['data', 'binaryData']) {
    const values = object[field];
    if (isJsonObject(values)) for (const [key, value] of Object.entries(values)) size += key.length + (typeof value === 'string' ? value.length : 0);
  }
  return size <= MAX_BYTES * 1.4 ? [] : [{ reason: 'FieldValueTooLong', message: `Too long: may not be more than ${MAX_BYTES} bytes`, field: 'data' }];
}

function immutableCauses(object: UnstructuredObject, old: UnstructuredObject, fields: readonly string[]): readonly StatusCause[] {
  if (old['immutable'] !== true) return [];
  const causes: StatusCause[] = [];
  if (object['immutable'] !== true) causes.push(fieldForbidden('immutable', 'field is immutable when `immutable` is set'));
  for (const field of fields) {
    if (!deepEqual(object[field], old[field])) causes.push(fieldForbidden(field, 'field is immutable when `immutable` is set'));
  }
  return causes;
}
