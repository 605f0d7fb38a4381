import type { JsonObject } from './json-value.ts';
import type { Schema } from './schema.ts';
import type { StatusCause } from './status.ts';
import { checkExtensions } from './check-extensions.ts';
import { childPath, fieldForbidden, fieldInvalid, fieldNotSupported, fieldRequired, indexPath, keyPath } from './field-error.ts';
import { isJsonObject, memberOf } from './json-value.ts';
import { pruneUnknown } from './prune-unknown.ts';
import { compilePattern } from './schema-pattern.ts';
import { validateSchema } from './validate-schema.ts';

/**
 * What keeps a schema that came with a CRD from being structural, or makes it unfit for use: every check that the other
 * functions of this room rely on. Empty when `schema` may be used as a `Schema`. `path` is where it stands:
 * `spec.versions[0].schema.openAPIV3Schema`.
 *
 * Limits: 100 levels, 50,000 schemas, 100 causes.
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
export function checkStructural(schema: unknown, path = ''): readonly StatusCause[] {
  const check: Check = { causes: [], schemas: 0 };
  if (!isJsonObject(schema)) return [fieldRequired(path, 'schemas are required')];
  if (schema['type'] === undefined) check.causes.push(fieldRequired(childPath(path, 'type'), 'must not be empty at the root'));
  else if (schema['type'] !== 'object') {
    check.causes.push(fieldInvalid(childPath(path, 'type'), schema['type'], 'must be object at the root'));
  }
  checkNode(schema, path, 'root', 0, check);
  checkRootMetadata(schema, path, check);
  if (check.causes.length === 0) checkDefaults(schema as Schema, path, check.causes);
  return check.causes.slice(0, 100);
}

interface Check {
  readonly causes: StatusCause[];
  schemas: number;
}

/** Where a schema stands: `junctor` is inside allOf, anyOf, oneOf or not, where only value validation may stand. */
type Place = 'root' | 'field' | 'item' | 'junctor';

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'] as const;
const MAX_DEPTH = 100;
const MAX_SCHEMAS = 50_000;

function checkNode(schema: JsonObject, path: string, place: Place, depth: number, check: Check): void {
  const { causes } = check;
  check.schemas += 1;
  if (depth > MAX_DEPTH || check.schemas > MAX_SCHEMAS || causes.length > 100) {
    if (causes.length <= 100) {
      causes.push(fieldForbidden(path, `schema is too large: at most ${MAX_DEPTH} levels and ${MAX_SCHEMAS} schemas`));
    }
    check.schemas = MAX_SCHEMAS + 1;
    return;
  }
  checkShapes(schema, path, causes);
  if (place === 'junctor') checkOnlyValueValidation(schema, path, causes);
  else {
    checkType(schema, path, place, causes);
    checkExtensions(schema, path, causes);
  }
  checkValueValidation(schema, path, causes);
  checkChildren(schema, path, place, depth, check);
}

/** The keywords whose wrong JSON type would make a checker stumble later. */
const SHAPES: Readonly<Record<string, 'string' | 'number' | 'boolean' | 'array' | 'object'>> = {
  type: 'string',
  format: 'string',
  pattern: 'string',
  nullable: 'boolean',
  properties: 'object',
  required: 'array',
  enum: 'array',
  allOf: 'array',
  anyOf: 'array',
  oneOf: 'array',
  not: 'object',
  minLength: 'number',
  maxLength: 'number',
  minItems: 'number',
  maxItems: 'number',
  minProperties: 'number',
  maxProperties: 'number',
  minimum: 'number',
  maximum: 'number',
  exclusiveMinimum: 'boolean',
  exclusiveMaximum: 'boolean',
  multipleOf: 'number',
  'x-kubernetes-list-map-keys': 'array',
};

function checkShapes(schema: JsonObject, path: string, causes: StatusCause[]): void {
  for (const key of Object.keys(schema)) {
    const wanted = Object.hasOwn(SHAPES, key) ? SHAPES[key] : undefined;
    const value = schema[key];
    if (!wanted || value === undefined || value === null) continue;
    const actual = Array.isArray(value) ? 'array' : typeof value;
    if (actual !== wanted) causes.push(fieldInvalid(childPath(path, key), value, `must be of type ${wanted}`));
  }
}

function checkOnlyValueValidation(schema: JsonObject, path: string, causes: StatusCause[]): void {
  const isIntOrString = isIntOrStringBranch(schema);
  for (const key of ['type', 'title', 'description', 'default']) {
    if (schema[key] === undefined || (key === 'type' && isIntOrString)) continue;
    causes.push(fieldForbidden(childPath(path, key), 'must be empty to be structural'));
  }
  if (schema['additionalProperties'] !== undefined) {
    causes.push(fieldForbidden(childPath(path, 'additionalProperties'), 'must be undefined to be structural'));
  }
  for (const key of ['nullable', 'x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource', 'x-kubernetes-int-or-string']) {
    if (schema[key]) causes.push(fieldForbidden(childPath(path, key), 'must be false to be structural'));
  }
}

/** `{type: integer}` and `{type: string}` may stand in the `anyOf` of an int-or-string. */
const isIntOrStringBranch = (schema: JsonObject): boolean =>
  Object.keys(schema).length === 1 && (schema['type'] === 'integer' || schema['type'] === 'string');

function checkType(schema: JsonObject, path: string, place: Place, causes: StatusCause[]): void {
  const type = schema['type'];
  const at = childPath(path, 'type');
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  if (type === undefined || type === '') {
    if (place === 'root' || intOrString || schema['x-kubernetes-preserve-unknown-fields'] === true) return;
    causes.push(fieldRequired(at, `must not be empty for specified ${place === 'item' ? 'array items' : 'object fields'}`));
  } else if (intOrString) causes.push(fieldInvalid(at, type, 'must be empty if x-kubernetes-int-or-string is true'));
  else if (!TYPES.some((known) => known === type)) causes.push(fieldNotSupported(at, type, TYPES));
  if (type === 'array' && schema['items'] === undefined) {
    causes.push(fieldRequired(childPath(path, 'items'), 'must be specified'));
  }
}

/** Only once the schema is known to be right: a schema that is wrong can check nothing. */
function checkDefaults(schema: Schema, path: string, causes: StatusCause[]): void {
  if (schema.default !== undefined) {
    const at = childPath(path, 'default');
    causes.push(...validateSchema(schema.default, schema, at));
    for (const unknown of pruneUnknown(schema.default, schema, { path: at }).unknown) {
      causes.push(fieldInvalid(at, schema.default, `must not have unknown fields: ${unknown}`));
    }
  }
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    checkDefaults(property, keyPath(childPath(path, 'properties'), key), causes);
  }
  if (typeof schema.additionalProperties === 'object') {
    checkDefaults(schema.additionalProperties, childPath(path, 'additionalProperties'), causes);
  }
  if (schema.items) checkDefaults(schema.items, childPath(path, 'items'), causes);
}

function checkValueValidation(schema: JsonObject, path: string, causes: StatusCause[]): void {
  if (schema['uniqueItems'] === true) {
    causes.push(
      fieldForbidden(childPath(path, 'uniqueItems'), 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'),
    );
  }
  for (const key of ['$ref', 'definitions', 'dependencies', 'id', 'patternProperties', 'additionalItems', 'deprecated', 'discriminator', 'readOnly', 'writeOnly', 'xml']) {
    if (schema[key] !== undefined) causes.push(fieldForbidden(childPath(path, key), `${key} is not supported`));
  }
  const { pattern } = schema;
  if (typeof pattern === 'string') {
    try {
      compilePattern(pattern);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      causes.push(fieldInvalid(childPath(path, 'pattern'), pattern, `must be a valid regular expression, but isn't: ${why}`));
    }
  }
}

function checkChildren(schema: JsonObject, path: string, place: Place, depth: number, check: Check): void {
  const below = place === 'junctor' ? 'junctor' : 'field';
  const { properties, additionalProperties, items, not } = schema;
  if (isJsonObject(properties)) {
    for (const key of Object.keys(properties)) {
      const at = keyPath(childPath(path, 'properties'), key);
      checkOne(properties[key], at, below, depth, check);
    }
    if (place !== 'junctor' && additionalProperties !== undefined && Object.keys(properties).length > 0) {
      check.causes.push(fieldForbidden(childPath(path, 'additionalProperties'), 'additionalProperties and properties are mutual exclusive'));
    }
  }
  if (isJsonObject(additionalProperties)) {
    checkOne(additionalProperties, childPath(path, 'additionalProperties'), below, depth, check);
  } else if (additionalProperties === false) {
    check.causes.push(fieldForbidden(childPath(path, 'additionalProperties'), 'additionalProperties cannot be set to false'));
  }
  if (Array.isArray(items)) {
    check.causes.push(fieldForbidden(childPath(path, 'items'), 'items must be a schema object and not an array'));
  } else if (items !== undefined) {
    checkOne(items, childPath(path, 'items'), place === 'junctor' ? 'junctor' : 'item', depth, check);
  }
  for (const key of ['allOf', 'anyOf', 'oneOf'] as const) {
    const list = schema[key];
    if (!Array.isArray(list)) continue;
    list.forEach((part: unknown, index) => {
      checkJunctor(part, schema, indexPath(childPath(path, key), index), place, depth, check);
    });
  }
  if (not !== undefined) checkJunctor(not, schema, childPath(path, 'not'), place, depth, check);
}

function checkOne(schema: unknown, path: string, place: Place, depth: number, check: Check): void {
  if (isJsonObject(schema)) checkNode(schema, path, place, depth + 1, check);
  else check.causes.push(fieldInvalid(path, schema, 'must be a schema object'));
}

function checkJunctor(part: unknown, parent: JsonObject, path: string, place: Place, depth: number, check: Check): void {
  checkOne(part, path, 'junctor', depth, check);
  if (place !== 'junctor' && isJsonObject(part)) checkCovered(part, parent, path, check.causes);
}

/** What a junctor speaks of must be declared outside of it too, so that pruning and merging know it. */
function checkCovered(part: JsonObject, outside: JsonObject, path: string, causes: StatusCause[]): void {
  if (isJsonObject(part['properties'])) {
    const declared = isJsonObject(outside['properties']) ? outside['properties'] : {};
    for (const key of Object.keys(part['properties'])) {
      const inside = part['properties'][key];
      const at = keyPath(childPath(path, 'properties'), key);
      const counterpart = memberOf(declared, key) ?? (isJsonObject(outside['additionalProperties']) ? outside['additionalProperties'] : undefined);
      if (!isJsonObject(counterpart)) {
        if (outside['x-kubernetes-preserve-unknown-fields'] !== true) {
          causes.push(fieldRequired(at, `because it is defined in ${at} and must be declared outside of it too`));
        }
      } else if (isJsonObject(inside)) checkCovered(inside, counterpart, at, causes);
    }
  }
  if (isJsonObject(part['items']) && isJsonObject(outside['items'])) {
    checkCovered(part['items'], outside['items'], childPath(path, 'items'), causes);
  }
  for (const key of ['allOf', 'anyOf', 'oneOf'] as const) {
    const list = part[key];
    if (!Array.isArray(list)) continue;
    list.forEach((inner: unknown, index) => {
      if (isJsonObject(inner)) checkCovered(inner, outside, indexPath(childPath(path, key), index), causes);
    });
  }
  if (isJsonObject(part['not'])) checkCovered(part['not'], outside, childPath(path, 'not'), causes);
}

function checkRootMetadata(schema: JsonObject, path: string, check: Check): void {
  const metadata = isJsonObject(schema['properties']) ? memberOf(schema['properties'], 'metadata') : undefined;
  if (!isJsonObject(metadata)) return;
  const { properties, type, description: _description, ...rest } = metadata;
  const names = isJsonObject(properties) ? Object.keys(properties) : [];
  const at = keyPath(childPath(path, 'properties'), 'metadata');
  if (type !== 'object') check.causes.push(fieldInvalid(childPath(at, 'type'), type ?? '', 'must be object'));
  if (Object.keys(rest).length > 0 || names.some((name) => name !== 'name' && name !== 'generateName')) {
    check.causes.push(
      fieldForbidden(at, 'must not specify anything other than name and generateName, but metadata is implicitly specified'),
    );
  }
}
