import type { JsonObject } from './json-value.ts';
import type { StatusCause } from './status.ts';
import { childPath, fieldInvalid, fieldNotSupported, fieldRequired, indexPath, keyPath } from './field-error.ts';
import { isJsonObject, memberOf } from './json-value.ts';

/** What is wrong with the `x-kubernetes-...` keywords of one schema: how its value merges and what it may hold. */
export function checkExtensions(schema: JsonObject, path: string, causes: StatusCause[]): void {
  const at = (key: string): string => childPath(path, key);
  const preserve = schema['x-kubernetes-preserve-unknown-fields'];
  if (preserve !== undefined && preserve !== true) {
    causes.push(fieldInvalid(at('x-kubernetes-preserve-unknown-fields'), preserve, 'must be true or undefined'));
  }
  if (schema['x-kubernetes-embedded-resource'] === true) {
    if (schema['type'] !== 'object') {
      causes.push(fieldInvalid(at('type'), schema['type'] ?? '', 'must be object if x-kubernetes-embedded-resource is true'));
    }
    if (preserve !== true && schema['properties'] === undefined) {
      causes.push(
        fieldRequired(at('properties'), 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields'),
      );
    }
  }
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType !== undefined) {
    if (mapType !== 'granular' && mapType !== 'atomic') {
      causes.push(fieldNotSupported(at('x-kubernetes-map-type'), mapType, ['atomic', 'granular']));
    }
    if (schema['type'] !== 'object') {
      causes.push(fieldInvalid(at('type'), schema['type'] ?? '', 'must be object if x-kubernetes-map-type is specified'));
    }
  }
  checkListType(schema, path, causes);
}

function checkListType(schema: JsonObject, path: string, causes: StatusCause[]): void {
  const at = (key: string): string => childPath(path, key);
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'];
  if (listType === undefined) {
    if (keys !== undefined) {
      causes.push(fieldRequired(at('x-kubernetes-list-type'), 'must be map if x-kubernetes-list-map-keys is non-empty'));
    }
    return;
  }
  if (listType !== 'atomic' && listType !== 'set' && listType !== 'map') {
    causes.push(fieldNotSupported(at('x-kubernetes-list-type'), listType, ['atomic', 'set', 'map']));
  }
  if (schema['type'] !== 'array') {
    causes.push(fieldInvalid(at('type'), schema['type'] ?? '', 'must be array if x-kubernetes-list-type is specified'));
  }
  const items = isJsonObject(schema['items']) ? schema['items'] : {};
  if (listType === 'set' && (items['type'] === 'object' || items['type'] === 'array')) {
    if (items[items['type'] === 'object' ? 'x-kubernetes-map-type' : 'x-kubernetes-list-type'] !== 'atomic') {
      causes.push(
        fieldInvalid(at('items'), items['type'], 'items must be atomic if x-kubernetes-list-type is set'),
      );
    }
  }
  if (listType !== 'map') return;
  if (!Array.isArray(keys) || keys.length === 0) {
    causes.push(fieldRequired(at('x-kubernetes-list-map-keys'), 'must not be empty if x-kubernetes-list-type is map'));
    return;
  }
  if (items['type'] !== 'object') {
    causes.push(fieldInvalid(childPath(at('items'), 'type'), items['type'] ?? '', 'must be object if parent array\'s x-kubernetes-list-type is map'));
    return;
  }
  const properties = isJsonObject(items['properties']) ? items['properties'] : {};
  const required: readonly unknown[] = Array.isArray(items['required']) ? items['required'] : [];
  keys.forEach((key: unknown, index) => {
    const property = typeof key === 'string' ? memberOf(properties, key) : undefined;
    if (!isJsonObject(property)) {
      causes.push(fieldInvalid(indexPath(at('x-kubernetes-list-map-keys'), index), key, 'entries must all be names of item properties'));
    } else if (property['type'] === 'object' || property['type'] === 'array') {
      causes.push(
        fieldInvalid(
          childPath(keyPath(childPath(at('items'), 'properties'), String(key)), 'type'),
          property['type'],
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        ),
      );
    } else if (property['default'] === undefined && !required.includes(key)) {
      causes.push(
        fieldRequired(
          childPath(keyPath(childPath(at('items'), 'properties'), String(key)), 'default'),
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
        ),
      );
    }
  });
}
