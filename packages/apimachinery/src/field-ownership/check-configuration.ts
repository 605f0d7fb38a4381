import type { Schema } from '../schema.ts';
import { isJsonObject } from '../json-value.ts';
import { PatchError } from '../patch/patch-error.ts';
import { printFieldPath } from './fields-v1.ts';
import { childSchema, isEmbedded, itemElements, structureOf } from './structure.ts';

/**
 * Refuses an applied configuration with items that cannot be told apart: what has no name of its own nobody can own.
 * Errors: `PatchError` of kind `malformed`.
 */
export function checkConfiguration(object: unknown, schema: Schema | undefined): void {
  check(object, schema, true, []);
}

function check(value: unknown, schema: Schema | undefined, resource: boolean, path: string[]): void {
  const structure = structureOf(value, schema);
  if (structure === 'map' && isJsonObject(value)) {
    for (const key of Object.keys(value)) {
      const member = value[key];
      if (typeof member !== 'object' || member === null) continue;
      const below = childSchema(schema, key, resource);
      path.push(`f:${key}`);
      check(member, below, isEmbedded(below), path);
      path.pop();
    }
  } else if (structure === 'set' || structure === 'list-map') {
    const list = value as readonly unknown[];
    itemElements(list, schema, structure).forEach((element, index) => {
      if (element.startsWith('i:')) refuse(list[index], index, schema, structure, path);
      if (structure === 'set') return;
      path.push(element);
      check(list[index], schema?.items, isEmbedded(schema?.items), path);
      path.pop();
    });
  }
}

function refuse(
  item: unknown,
  index: number,
  schema: Schema | undefined,
  structure: 'set' | 'list-map',
  path: readonly string[],
): never {
  const [element = ''] = itemElements([item], schema, structure);
  const keys = (schema?.['x-kubernetes-list-map-keys'] ?? []).map((key) => JSON.stringify(key)).join(', ');
  const why = element.startsWith('i:')
    ? `element ${index}: associative list with keys has an element that omits key field ${keys}`
    : `duplicate entries for key ${printFieldPath([element])}`;
  throw new PatchError('malformed', `${printFieldPath(path)}: ${why}`);
}
