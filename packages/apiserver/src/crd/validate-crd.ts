import { checkStructural, fieldInvalid, fieldRequired, isDns1035Label, isDns1123Subdomain, parseJsonPath, type StatusCause } from '@plinth/apimachinery';
import type { CustomResourceDefinition } from '@plinth/api';
import { conversionCauses } from './validate-conversion.ts';

/** What is wrong with a CRD beyond its own schema, in Kubernetes' words. */
export function validateCrd(crd: CustomResourceDefinition, old: CustomResourceDefinition | undefined): readonly StatusCause[] {
  const { spec } = crd;
  const { names, group } = spec;
  const causes: StatusCause[] = [];
  const expected = `${names.plural}.${group}`;
  if (crd.metadata.name !== expected) causes.push(fieldInvalid('metadata.name', crd.metadata.name, 'must be spec.names.plural+"."+spec.group'));
  for (const wrong of isDns1123Subdomain(group)) causes.push(fieldInvalid('spec.group', group, wrong));
  if (!group.includes('.')) causes.push(fieldInvalid('spec.group', group, 'should be a domain with at least one dot'));
  for (const wrong of isDns1035Label(names.plural)) causes.push(fieldInvalid('spec.names.plural', names.plural, wrong));
  if (names.singular) for (const wrong of isDns1035Label(names.singular)) causes.push(fieldInvalid('spec.names.singular', names.singular, wrong));
  for (const field of ['kind', 'listKind'] as const) {
    const value = names[field];
    if (value) for (const wrong of isDns1035Label(value.toLowerCase())) causes.push(fieldInvalid(`spec.names.${field}`, value, `may have mixed case, but should otherwise match: ${wrong}`));
  }
  (names.shortNames ?? []).forEach((name, index) => {
    for (const wrong of isDns1035Label(name)) causes.push(fieldInvalid(`spec.names.shortNames[${index}]`, name, wrong));
  });
  if (names.listKind && names.listKind === names.kind) causes.push(fieldInvalid('spec.names.listKind', names.listKind, 'kind and listKind may not be the same'));
  if (spec.preserveUnknownFields) causes.push(fieldInvalid('spec.preserveUnknownFields', true, 'must be false'));
  causes.push(...conversionCauses(spec.conversion));
  causes.push(...versionCauses(crd));
  if (old) {
    if (old.spec.group !== group) causes.push(fieldInvalid('spec.group', group, 'field is immutable'));
    if (old.spec.scope !== spec.scope) causes.push(fieldInvalid('spec.scope', spec.scope, 'field is immutable'));
    if (old.spec.names.plural !== names.plural) causes.push(fieldInvalid('spec.names.plural', names.plural, 'field is immutable'));
    if (old.spec.names.kind !== names.kind) causes.push(fieldInvalid('spec.names.kind', names.kind, 'field is immutable'));
    for (const stored of old.status?.storedVersions ?? []) {
      if (!spec.versions.some(({ name }) => name === stored)) causes.push(fieldInvalid('status.storedVersions[0]', stored, 'must appear in spec.versions'));
    }
  }
  return causes;
}

function versionCauses({ spec }: CustomResourceDefinition): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const storing = spec.versions.filter(({ storage }) => storage).length;
  if (spec.versions.length === 0) causes.push(fieldRequired('spec.versions', 'must have at least one version'));
  if (storing !== 1) causes.push(fieldInvalid('spec.versions', spec.versions.map(({ name }) => name), 'must have exactly one version marked as storage version'));
  const seen = new Set<string>();
  spec.versions.forEach((version, index) => {
    const at = `spec.versions[${index}]`;
    for (const wrong of isDns1035Label(version.name)) causes.push(fieldInvalid(`${at}.name`, version.name, wrong));
    if (seen.has(version.name)) causes.push(fieldInvalid('spec.versions', spec.versions.map(({ name }) => name), 'must contain unique version names'));
    seen.add(version.name);
    const schema = version.schema?.openAPIV3Schema;
    if (schema === undefined) causes.push(fieldRequired(`${at}.schema.openAPIV3Schema`, 'schemas are required'));
    else causes.push(...checkStructural(schema, `${at}.schema.openAPIV3Schema`));
    (version.additionalPrinterColumns ?? []).forEach((column, position) => {
      const where = `${at}.additionalPrinterColumns[${position}]`;
      if (!['integer', 'number', 'string', 'boolean', 'date'].includes(column.type)) {
        causes.push(fieldInvalid(`${where}.type`, column.type, 'must be one of boolean,date,integer,number,string'));
      }
      causes.push(...pathCauses(column.jsonPath, `${where}.jsonPath`));
    });
    (version.selectableFields ?? []).forEach(({ jsonPath }, position) => {
      causes.push(...pathCauses(jsonPath ?? '', `${at}.selectableFields[${position}].jsonPath`));
    });
    const { scale } = version.subresources ?? {};
    if (scale) {
      causes.push(...simplePath(scale.specReplicasPath, '.spec.', `${at}.subresources.scale.specReplicasPath`));
      causes.push(...simplePath(scale.statusReplicasPath, '.status.', `${at}.subresources.scale.statusReplicasPath`));
    }
  });
  return causes;
}

function pathCauses(path: string, field: string): readonly StatusCause[] {
  if (!path.startsWith('.')) return [fieldInvalid(field, path, 'must be a simple json path starting with .')];
  try {
    parseJsonPath(path);
    return [];
  } catch (error) {
    return [fieldInvalid(field, path, error instanceof Error ? error.message : 'is malformed')];
  }
}

const simplePath = (path: string, under: string, field: string): readonly StatusCause[] =>
  /^(\.[A-Za-z_][\w-]*)+$/.test(path) && path.startsWith(under) ? [] : [fieldInvalid(field, path, `should be a json path under ${under.slice(0, -1)}`)];
