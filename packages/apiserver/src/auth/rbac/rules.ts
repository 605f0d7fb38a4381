import type { AccessAttributes } from '../../request.ts';

/** A rule of a Role or ClusterRole, with nothing absent. */
export interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

/** A rule as it stands in an object. Whatever is not a list of texts counts as an empty one: it then grants nothing. */
export function parseRule(rule: unknown): Rule {
  const members = typeof rule === 'object' && rule !== null ? (rule as Readonly<Record<string, unknown>>) : {};
  return {
    verbs: texts(members['verbs']),
    apiGroups: texts(members['apiGroups']),
    resources: texts(members['resources']),
    resourceNames: texts(members['resourceNames']),
    nonResourceURLs: texts(members['nonResourceURLs']),
  };
}

export const parseRules = (rules: unknown): readonly Rule[] => (Array.isArray(rules) ? rules.map(parseRule) : []);

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];

/** https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources */
export function allows(rule: Rule, { verb, resource, path }: Pick<AccessAttributes, 'verb' | 'resource' | 'path'>): boolean {
  if (!has(rule.verbs, verb)) return false;
  if (!resource) return rule.nonResourceURLs.some((pattern) => matchesPath(pattern, path));
  return (
    has(rule.apiGroups, resource.group) &&
    matchesResource(rule.resources, resource.plural, resource.subresource) &&
    (rule.resourceNames.length === 0 || (resource.name !== undefined && rule.resourceNames.includes(resource.name)))
  );
}

const has = (list: readonly string[], value: string): boolean => list.includes(value) || list.includes('*');

/** `*` is everything, `pods` not its subresources, `pods/log` one of them, and `*` + `/scale` this one of all resources. */
function matchesResource(resources: readonly string[], plural: string, subresource: string | undefined): boolean {
  const combined = subresource === undefined ? plural : `${plural}/${subresource}`;
  for (const resource of resources) {
    if (resource === '*' || resource === combined) return true;
    if (subresource !== undefined && resource === `*/${subresource}`) return true;
  }
  return false;
}

export function matchesPath(pattern: string, path: string): boolean {
  if (pattern === '*' || pattern === path) return true;
  return pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1).replace(/\*+$/, ''));
}
