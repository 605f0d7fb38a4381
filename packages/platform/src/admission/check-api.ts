import { checkStructural, fieldDuplicate, fieldInvalid, fieldNotSupported, fieldRequired, isDns1035Label, isDns1123Label, isDns1123Subdomain, isJsonObject, type NameRule, type StatusCause } from '@plinth/apimachinery';
import { PLATFORM_GROUP } from '../naming/constants.ts';

/**
 * What keeps a Promise's API from being a CRD that the API server would take, at the paths in the Promise. Takes any
 * value: the schema of Promises lets everything through here.
 */
export function checkApi(api: unknown, path: string): readonly StatusCause[] {
  if (!isJsonObject(api)) return [fieldInvalid(path, api, 'must be a CustomResourceDefinition')];
  if (api['kind'] !== 'CustomResourceDefinition') return [fieldNotSupported(`${path}.kind`, api['kind'] ?? '', ['CustomResourceDefinition'])];
  if (api['apiVersion'] !== 'apiextensions.k8s.io/v1') return [fieldNotSupported(`${path}.apiVersion`, api['apiVersion'] ?? '', ['apiextensions.k8s.io/v1'])];
  const spec = api['spec'];
  if (!isJsonObject(spec)) return [fieldRequired(`${path}.spec`)];
  return [...checkNames(api, spec, path), ...checkVersions(spec['versions'], `${path}.spec.versions`)];
}

function checkNames(api: Readonly<Record<string, unknown>>, spec: Readonly<Record<string, unknown>>, path: string): readonly StatusCause[] {
  const problems: StatusCause[] = [];
  const text = (value: unknown, at: string, rule: NameRule): string => {
    if (typeof value !== 'string' || value === '') problems.push(value === undefined || value === '' ? fieldRequired(at) : fieldInvalid(at, value, 'must be a string'));
    else for (const why of rule(value)) problems.push(fieldInvalid(at, value, why));
    return typeof value === 'string' ? value : '';
  };
  const group = text(spec['group'], `${path}.spec.group`, isDns1123Subdomain);
  if (group === PLATFORM_GROUP) problems.push(fieldInvalid(`${path}.spec.group`, group, 'belongs to the platform itself'));
  const names = isJsonObject(spec['names']) ? spec['names'] : {};
  const plural = text(names['plural'], `${path}.spec.names.plural`, isDns1035Label);
  text(names['kind'], `${path}.spec.names.kind`, (kind) => isDns1035Label(kind.toLowerCase()));
  const metadata = isJsonObject(api['metadata']) ? api['metadata'] : {};
  const name = metadata['name'];
  if (problems.length === 0 && name !== `${plural}.${group}`) problems.push(fieldInvalid(`${path}.metadata.name`, name, 'must be spec.names.plural+"."+spec.group'));
  if (spec['scope'] !== 'Namespaced') problems.push(fieldNotSupported(`${path}.spec.scope`, spec['scope'] ?? '', ['Namespaced']));
  return problems;
}

function checkVersions(versions: unknown, path: string): readonly StatusCause[] {
  if (!Array.isArray(versions) || versions.length === 0) return [fieldRequired(path, 'a kind needs a version')];
  const problems: StatusCause[] = [];
  const seen = new Set<unknown>();
  for (const [index, version] of versions.entries()) {
    const at = `${path}[${index}]`;
    if (!isJsonObject(version)) {
      problems.push(fieldInvalid(at, version, 'must be an object'));
      continue;
    }
    const name = version['name'];
    if (typeof name !== 'string' || name === '') problems.push(fieldRequired(`${at}.name`));
    else for (const why of isDns1123Label(name)) problems.push(fieldInvalid(`${at}.name`, name, why));
    if (seen.has(name)) problems.push(fieldDuplicate(`${at}.name`, name));
    seen.add(name);
    for (const flag of ['served', 'storage']) if (typeof version[flag] !== 'boolean') problems.push(fieldRequired(`${at}.${flag}`));
    const schema = isJsonObject(version['schema']) ? version['schema']['openAPIV3Schema'] : undefined;
    if (schema === undefined) problems.push(fieldRequired(`${at}.schema.openAPIV3Schema`, 'schemas are required'));
    else problems.push(...checkStructural(schema, `${at}.schema.openAPIV3Schema`));
  }
  const stored = versions.filter((version) => isJsonObject(version) && version['storage'] === true).length;
  if (problems.length === 0 && stored !== 1) problems.push(fieldInvalid(path, versions.map((version) => (version as { name: string }).name), 'must have exactly one version marked as storage version'));
  return problems;
}
