import type { Registry } from '../registry/registry.ts';
import { defaultVerbs, subresourcesOf, versionsOf } from './versions.ts';

/** All groups, versions and resources in one document, so that clients need two requests instead of one per version. */
export function aggregated(registry: Registry, coreOnly: boolean, apiVersion: string): unknown {
  const groups = coreOnly ? [''] : [...new Set(registry.all().map(({ kind }) => kind.group))].filter(Boolean);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion,
    metadata: {},
    items: groups.map((group) => ({
      metadata: group === '' ? { creationTimestamp: null } : { name: group, creationTimestamp: null },
      versions: versionsOf(registry, group).map((version) => ({ version, resources: resources(registry, group, version), freshness: 'Current' })),
    })),
  };
}

function resources(registry: Registry, group: string, version: string): readonly unknown[] {
  const served = registry.all().filter(({ kind }) => kind.group === group && kind.version === version);
  return served.map((each) => {
    const { kind } = each;
    const scope = kind.namespaced ? 'Namespaced' : 'Cluster';
    const subresources = subresourcesOf(each).map((sub) => ({
      subresource: sub.name,
      responseKind: { group: sub.group ?? (sub.kind === kind.kind ? kind.group : ''), version: sub.version ?? kind.version, kind: sub.kind },
      verbs: sub.verbs,
    }));
    return {
      resource: kind.plural,
      responseKind: { group, version, kind: kind.kind },
      scope,
      singularResource: kind.singular,
      verbs: kind.verbs ?? defaultVerbs,
      ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
      ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
      ...(subresources.length > 0 ? { subresources } : {}),
    };
  });
}
