import { applyDefaults, isDns1123Subdomain, isJsonObject, pruneUnknown } from '@plinth/apimachinery';
import type { Column, CustomResourceDefinition, JsonSchema, Kind } from '@plinth/api';
import { compareVersions } from '../discovery/versions.ts';
import { serve, type Served } from '../registry/served.ts';
import type { Strategy } from '../registry/strategy.ts';
import { type Converter, type FindService, webhookConverter } from './conversion-webhook.ts';
import { extraCheck } from './rules.ts';

type Version = CustomResourceDefinition['spec']['versions'][number];

/** What a CRD makes the server serve: one entry for each served version. Assumes a CRD that has passed validation. */
export function customKinds(crd: CustomResourceDefinition, findService: FindService): readonly Served[] {
  const { group, versions } = crd.spec;
  const storage = versions.find((version) => version.storage);
  if (!storage) return [];
  const convert = crd.spec.conversion?.strategy === 'Webhook' ? webhookConverter(crd, findService) : undefined;
  return versions
    .filter((version) => version.served)
    .toSorted((left, right) => compareVersions(left.name, right.name))
    .map((version) => serveVersion(crd, version, { group, version: storage.name, plural: crd.spec.names.plural }, convert));
}

function serveVersion(crd: CustomResourceDefinition, version: Version, storage: { readonly group: string; readonly version: string; readonly plural: string }, convert: Converter | undefined): Served {
  const kind = kindOf(crd, version);
  const { schema } = kind;
  const check = extraCheck(schema);
  const strategy: Strategy = {
    nameRule: isDns1123Subdomain,
    needsVersion: true,
    countsGeneration: true,
    ...(check ? { validate: check } : {}),
  };
  const apiVersion = `${kind.group}/${kind.version}`;
  return serve(kind, strategy, {
    storage,
    ...(convert ? { convert } : {}),
    crd: { name: crd.metadata.name, generation: crd.metadata.generation, terminating: crd.metadata.deletionTimestamp !== undefined },
    // Objects may be older than the schema: its defaults and its gaps hold for them as well.
    read: (stored) => {
      const shown = applyDefaults(pruneUnknown(stored, schema, { root: true }).value, schema);
      return shown.apiVersion === apiVersion ? shown : { ...shown, apiVersion };
    },
    ...(version.deprecated ? { deprecationWarning: version.deprecationWarning ?? `${kind.group}/${kind.version} ${kind.kind} is deprecated` } : {}),
  });
}

function kindOf(crd: CustomResourceDefinition, version: Version): Kind {
  const { group, names, scope } = crd.spec;
  return {
    group,
    version: version.name,
    kind: names.kind,
    plural: names.plural,
    namespaced: scope === 'Namespaced',
    listKind: names.listKind || `${names.kind}List`,
    singular: names.singular || names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    subresources: {
      ...(version.subresources?.status ? { status: true } : {}),
      ...(version.subresources?.scale ? { scale: version.subresources.scale } : {}),
    },
    ...(version.additionalPrinterColumns?.length ? { columns: version.additionalPrinterColumns.map(columnOf) } : {}),
    ...(version.selectableFields ? { selectableFields: version.selectableFields.map(({ jsonPath }) => jsonPath ?? '') } : {}),
    schema: wholeSchema(version.schema?.openAPIV3Schema ?? { type: 'object' }),
    builtin: false,
  };
}

const columnTypes = new Set(['string', 'integer', 'number', 'boolean', 'date']);

const columnOf = ({ name, type, jsonPath, priority, description, format }: { readonly name: string; readonly type: string; readonly jsonPath: string; readonly priority?: number; readonly description?: string; readonly format?: string }): Column => ({
  name,
  type: columnTypes.has(type) ? (type as Column['type']) : 'string',
  jsonPath,
  ...(priority === undefined ? {} : { priority }),
  ...(description === undefined ? {} : { description }),
  ...(format === undefined ? {} : { format }),
});

/** The schema with the members that every object has, so that `kubectl explain` shows them. */
function wholeSchema(schema: JsonSchema): JsonSchema {
  const properties = isJsonObject(schema.properties) ? schema.properties : {};
  return {
    ...schema,
    type: 'object',
    properties: {
      ...properties,
      apiVersion: { type: 'string', description: 'Group and version of the schema that this object is written in.' },
      kind: { type: 'string', description: 'What this object is, in CamelCase. Cannot be changed.' },
      metadata: { ...properties['metadata'], type: 'object', description: 'Name, labels, owners and history.' },
    },
  };
}

