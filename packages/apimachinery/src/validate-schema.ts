import type { JsonObject } from './json-value.ts';
import type { Schema } from './schema.ts';
import type { StatusCause } from './status.ts';
import { deepEqual } from './deep-equal.ts';
import {
  childPath,
  fieldDuplicate,
  fieldInvalid,
  fieldNotSupported,
  fieldRequired,
  fieldTooLong,
  fieldTooMany,
  fieldTypeInvalid,
  indexPath,
} from './field-error.ts';
import { isJsonObject, memberOf } from './json-value.ts';
import { memberSchema } from './schema.ts';
import { hasFormat } from './schema-format.ts';
import { compilePattern } from './schema-pattern.ts';

/**
 * What is wrong with a value, in Kubernetes' words. Empty when nothing is.
 *
 * `old` is the value that this one replaces: what was wrong before and did not change is let pass, so that a schema can
 * become stricter without locking anybody out (CRD ratcheting), and parts that are the very same are not looked at.
 *
 * Assumes a schema that `checkStructural` lets pass, and a value of bounded depth. At most 100 causes come back.
 */
export function validateSchema(value: unknown, schema: Schema, path = '', old?: unknown): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  validate(value, schema, path, old, causes);
  return causes;
}

const MAX_CAUSES = 100;

function validate(value: unknown, schema: Schema, path: string, old: unknown, causes: StatusCause[]): void {
  if (causes.length >= MAX_CAUSES) return;
  if (old !== undefined && value === old) return;
  const before = causes.length;
  if (value === null && schema.nullable) return;
  if (checkType(value, schema, path, causes)) {
    if (schema.enum && !schema.enum.some((item) => deepEqual(item, value))) {
      const supported = schema.enum.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));
      causes.push(fieldNotSupported(path, value, supported));
    }
    if (typeof value === 'string') checkString(value, schema, path, causes);
    else if (typeof value === 'number') checkNumber(value, schema, path, causes);
    else if (Array.isArray(value)) checkList(value, schema, path, old, causes);
    else if (isJsonObject(value)) checkObject(value, schema, path, old, causes);
    checkCombinations(value, schema, path, causes);
  }
  if (old !== undefined && causes.length > before && deepEqual(value, old)) causes.length = before;
}

function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function checkType(value: unknown, schema: Schema, path: string, causes: StatusCause[]): boolean {
  const actual = typeOf(value);
  if (schema['x-kubernetes-int-or-string']) {
    if (actual === 'integer' || actual === 'string') return true;
    if (actual === 'number' && schema.format === 'quantity') return true; // `cpu: 0.5`
    causes.push(typeFailure(path, 'integer,string', actual));
    return false;
  }
  const { type } = schema;
  if (!type || type === actual || (type === 'number' && actual === 'integer')) return true;
  causes.push(typeFailure(path, type, actual));
  return false;
}

const typeFailure = (path: string, wanted: string, actual: string): StatusCause =>
  fieldTypeInvalid(path, actual, `${path} in body must be of type ${wanted}: "${actual}"`);

function checkString(value: string, schema: Schema, path: string, causes: StatusCause[]): void {
  const { minLength, maxLength, pattern, format } = schema;
  if (maxLength !== undefined && value.length > maxLength && characters(value) > maxLength) {
    causes.push(fieldTooLong(path, maxLength));
  }
  if (minLength !== undefined && characters(value) < minLength) {
    causes.push(fieldInvalid(path, value, `${path} in body should be at least ${minLength} chars long`));
  }
  if (pattern !== undefined && !compilePattern(pattern).test(value)) {
    causes.push(fieldInvalid(path, value, `${path} in body should match '${pattern}'`));
  }
  if (format !== undefined && !hasFormat(value, format)) {
    causes.push(fieldTypeInvalid(path, value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`));
  }
}

/** Unicode characters, as Go counts them, not UTF-16 units. */
function characters(value: string): number {
  let count = value.length;
  for (let index = 0; index < value.length - 1; index += 1) {
    const unit = value.charCodeAt(index);
    if (unit >= 0xd800 && unit < 0xdc00) {
      count -= 1;
      index += 1;
    }
  }
  return count;
}

function checkNumber(value: number, schema: Schema, path: string, causes: StatusCause[]): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, format } = schema;
  const refuse = (detail: string): unknown => causes.push(fieldInvalid(path, value, `${path} in body ${detail}`));
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    refuse(`should be less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
  }
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    refuse(`should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
  }
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) refuse(`should be a multiple of ${multipleOf}`);
  if (format === 'int32' && Number.isInteger(value) && (value < -(2 ** 31) || value >= 2 ** 31)) {
    causes.push(fieldInvalid(path, value, `Checked value must be of type integer with format int32 in ${path}`));
  }
}

function checkList(list: readonly unknown[], schema: Schema, path: string, old: unknown, causes: StatusCause[]): void {
  const { items, minItems, maxItems } = schema;
  if (maxItems !== undefined && list.length > maxItems) causes.push(fieldTooMany(path, list.length, maxItems));
  if (minItems !== undefined && list.length < minItems) {
    causes.push(fieldInvalid(path, list.length, `${path} in body should have at least ${minItems} items`));
  }
  const listType = schema['x-kubernetes-list-type'];
  const keyOfItem = listType === 'map' ? itemKey(schema) : undefined;
  const oldItems = keyOfItem && Array.isArray(old) ? new Map(old.map((item) => [keyOfItem(item), item])) : undefined;
  if (items) {
    for (let index = 0; index < list.length && causes.length < MAX_CAUSES; index += 1) {
      const item = list[index];
      const oldItem: unknown = keyOfItem && oldItems ? oldItems.get(keyOfItem(item)) : undefined;
      if (oldItem !== undefined && oldItem === item) continue;
      validate(item, items, indexPath(path, index), oldItem, causes);
    }
  }
  if (listType === 'set') checkDistinct(list, (item) => JSON.stringify(item), (item) => item, path, causes);
  else if (keyOfItem) {
    const keys = schema['x-kubernetes-list-map-keys'] ?? [];
    const shown = (item: unknown): unknown =>
      isJsonObject(item)
        ? Object.fromEntries(keys.filter((key) => Object.hasOwn(item, key)).map((key) => [key, item[key]]))
        : item;
    checkDistinct(list, keyOfItem, shown, path, causes);
  }
}

function itemKey(schema: Schema): (item: unknown) => string {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  return (item) => (isJsonObject(item) ? JSON.stringify(keys.map((key) => memberOf(item, key) ?? null)) : '');
}

function checkDistinct(
  list: readonly unknown[],
  identify: (item: unknown) => string,
  show: (item: unknown) => unknown,
  path: string,
  causes: StatusCause[],
): void {
  if (list.length < 2) return;
  const seen = new Set<string>();
  list.forEach((item, index) => {
    const identity = identify(item);
    if (seen.has(identity)) causes.push(fieldDuplicate(indexPath(path, index), show(item)));
    seen.add(identity);
  });
}

function checkObject(object: JsonObject, schema: Schema, path: string, old: unknown, causes: StatusCause[]): void {
  const { required, minProperties, maxProperties, additionalProperties, properties } = schema;
  if (required) {
    for (const key of required) {
      if (memberOf(object, key) === undefined) causes.push(fieldRequired(childPath(path, key)));
    }
  }
  if (schema['x-kubernetes-embedded-resource']) checkEmbedded(object, path, causes);
  const keys = Object.keys(object);
  if (maxProperties !== undefined && keys.length > maxProperties) {
    causes.push(fieldTooMany(path, keys.length, maxProperties));
  }
  if (minProperties !== undefined && keys.length < minProperties) {
    causes.push(fieldInvalid(path, keys.length, `${path} in body should have at least ${minProperties} properties`));
  }
  const oldObject = isJsonObject(old) ? old : undefined;
  for (const key of keys) {
    const value = object[key];
    if (value === undefined) continue;
    const member = memberSchema(schema, key);
    if (member) {
      const oldValue = oldObject && memberOf(oldObject, key);
      if (oldValue !== undefined && oldValue === value) continue;
      if (value === null && !member.nullable && member.type === undefined) continue;
      validate(value, member, childPath(path, key), oldValue, causes);
      if (causes.length >= MAX_CAUSES) return;
    } else if (additionalProperties === false && !(properties && Object.hasOwn(properties, key))) {
      causes.push(fieldInvalid(path, '', `${childPath(path, key)} in body is a forbidden property`));
    }
  }
}

function checkEmbedded(object: JsonObject, path: string, causes: StatusCause[]): void {
  for (const key of ['apiVersion', 'kind']) {
    if (!memberOf(object, key)) causes.push(fieldRequired(childPath(path, key), 'must not be empty'));
  }
}

function checkCombinations(value: unknown, schema: Schema, path: string, causes: StatusCause[]): void {
  const { allOf, anyOf, oneOf, not } = schema;
  if (allOf) for (const part of allOf) validate(value, part, path, undefined, causes);
  if (anyOf && anyOf.length > 0) {
    const failures = tryAll(anyOf, value, path);
    if (failures.passed === 0) {
      causes.push(combination(path, 'must validate at least one schema (anyOf)'), ...failures.best);
    }
  }
  if (oneOf && oneOf.length > 0) {
    const failures = tryAll(oneOf, value, path);
    if (failures.passed === 0) {
      causes.push(combination(path, 'must validate one and only one schema (oneOf). Found none valid'), ...failures.best);
    } else if (failures.passed > 1) {
      causes.push(
        combination(path, `must validate one and only one schema (oneOf). Found ${failures.passed} valid alternatives`),
      );
    }
  }
  if (not && validateSchema(value, not, path).length === 0) {
    causes.push(combination(path, 'must not validate the schema (not)'));
  }
}

const combination = (path: string, what: string): StatusCause => fieldInvalid(path, '', `"${path}" ${what}`);

function tryAll(
  schemas: readonly Schema[],
  value: unknown,
  path: string,
): { readonly passed: number; readonly best: readonly StatusCause[] } {
  let passed = 0;
  let best: readonly StatusCause[] | undefined;
  for (const schema of schemas) {
    const causes = validateSchema(value, schema, path);
    if (causes.length === 0) passed += 1;
    else if (!best || causes.length < best.length) best = causes;
  }
  return { passed, best: best ?? [] };
}
