import type { Kind } from '../schema/kind.ts';
import type { JsonSchema } from '../schema/json-schema.ts';
import type { CustomResourceDefinition } from './custom-resource-definition.ts';

/**
 * The manifest that makes a cluster serve `kind`. Give the older versions of the same kind as `served`: they share the
 * names, and conversion changes only the apiVersion.
 */
export function crdOf(
  kind: Kind,
  options: { readonly labels?: Readonly<Record<string, string>>; readonly alsoServed?: readonly string[] } = {},
): CustomResourceDefinition {
  const { 'x-kubernetes-group-version-kind': _gvk, ...schema } = kind.schema;
  const versionOf = (name: string, storage: boolean) => ({
    name,
    served: true,
    storage,
    schema: { openAPIV3Schema: manifestSchema(schema) },
    ...(subresourcesOf(kind) ? { subresources: subresourcesOf(kind) } : {}),
    ...(kind.columns
      ? { additionalPrinterColumns: kind.columns.map(({ value: _value, jsonPath, ...column }) => ({ ...column, jsonPath: jsonPath ?? '' })) }
      : {}),
    ...(kind.selectableFields ? { selectableFields: kind.selectableFields.map((jsonPath) => ({ jsonPath })) } : {}),
  });
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${kind.group}`, ...(options.labels ? { labels: options.labels } : {}) },
    spec: {
      group: kind.group,
      names: {
        plural: kind.plural,
        singular: kind.singular,
        kind: kind.kind,
        listKind: kind.listKind,
        ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
        ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
      },
      scope: kind.namespaced ? 'Namespaced' : 'Cluster',
      versions: [versionOf(kind.version, true), ...(options.alsoServed ?? []).map((name) => versionOf(name, false))],
    },
  };
}

function subresourcesOf(kind: Kind): { readonly status?: object; readonly scale?: NonNullable<Kind['subresources']['scale']> } | undefined {
  const { status, scale } = kind.subresources;
  if (!status && !scale) return undefined;
  return { ...(status ? { status: {} } : {}), ...(scale ? { scale } : {}) };
}

/** Without what only built-in kinds may have: strategic merge does not exist for custom resources. */
function manifestSchema(schema: JsonSchema): JsonSchema {
  const { 'x-kubernetes-patch-strategy': _strategy, 'x-kubernetes-patch-merge-key': _key, ...rest } = schema;
  return {
    ...rest,
    ...(schema.properties
      ? { properties: Object.fromEntries(Object.entries(schema.properties).map(([name, property]) => [name, manifestSchema(property)])) }
      : {}),
    ...(schema.items ? { items: manifestSchema(schema.items) } : {}),
    ...(typeof schema.additionalProperties === 'object' ? { additionalProperties: manifestSchema(schema.additionalProperties) } : {}),
  };
}
