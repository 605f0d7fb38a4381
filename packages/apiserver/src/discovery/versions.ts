import { apiVersionOf } from '@plinth/apimachinery';
import type { Registry } from '../registry/registry.ts';
import type { Served } from '../registry/served.ts';

/** The Kubernetes whose API this server speaks. Clients compare it with their own version, so it is a real one. */
export const versionInfo = {
  major: '1',
  minor: '34',
  gitVersion: 'v1.34.0+plinth',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '2026-11-22T00:00:00Z',
  goVersion: `node ${process.version}`,
  compiler: 'v8',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
};

interface GroupVersionEntry {
  readonly groupVersion: string;
  readonly version: string;
}

export interface ApiGroup {
  readonly name: string;
  readonly versions: readonly GroupVersionEntry[];
  readonly preferredVersion: GroupVersionEntry;
}

export function groupsOf(registry: Registry): unknown {
  const names = new Set(registry.all().map(({ kind }) => kind.group).filter(Boolean));
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: [...names].map((name) => groupOf(registry, name)) };
}

export function groupOf(registry: Registry, name: string): ApiGroup | undefined {
  const versions = versionsOf(registry, name).map((version) => ({ groupVersion: apiVersionOf({ group: name, version }), version }));
  return versions.length === 0 || name === '' ? undefined : { name, versions, preferredVersion: versions[0]! };
}

/** The versions of a group, the preferred one first: v2 before v1 before v1beta1 before v1alpha1. */
export function versionsOf(registry: Registry, group: string): readonly string[] {
  const versions = new Set(registry.all().filter(({ kind }) => kind.group === group).map(({ kind }) => kind.version));
  return [...versions].sort(compareVersions);
}

/** https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#version-priority */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [rank(left), rank(right)];
  if (!a || !b) return a ? -1 : b ? 1 : left < right ? -1 : 1;
  return b.stability - a.stability || b.major - a.major || b.minor - a.minor;
}

function rank(version: string): { readonly stability: number; readonly major: number; readonly minor: number } | undefined {
  const match = /^v([1-9][0-9]*)(?:(alpha|beta)([1-9][0-9]*))?$/.exec(version);
  if (!match) return undefined;
  return { stability: match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0, major: Number(match[1]), minor: Number(match[3] ?? 0) };
}

export const defaultVerbs: readonly string[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];

export interface SubresourceEntry {
  readonly name: string;
  readonly verbs: readonly string[];
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
}

/** The subresources of a kind with what they take. */
export function subresourcesOf(served: Served): readonly SubresourceEntry[] {
  const { kind } = served;
  const list: SubresourceEntry[] = [];
  if (kind.subresources.status) list.push({ name: 'status', verbs: ['get', 'patch', 'update'], kind: kind.kind });
  if (kind.subresources.scale) list.push({ name: 'scale', verbs: ['get', 'patch', 'update'], group: 'autoscaling', version: 'v1', kind: 'Scale' });
  if (kind.group === '' && kind.plural === 'pods') {
    list.push({ name: 'log', verbs: ['get'], kind: 'Pod' }, { name: 'eviction', verbs: ['create'], group: 'policy', version: 'v1', kind: 'Eviction' });
  }
  if (kind.group === '' && kind.plural === 'namespaces') list.push({ name: 'finalize', verbs: ['update'], kind: 'Namespace' });
  if (kind.group === '' && kind.plural === 'serviceaccounts') {
    list.push({ name: 'token', verbs: ['create'], group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' });
  }
  return list;
}

export function resourceListOf(registry: Registry, group: string, version: string): { readonly kind: string; readonly resources: readonly unknown[] } {
  const resources = registry
    .all()
    .filter(({ kind }) => kind.group === group && kind.version === version)
    .flatMap((served) => {
      const { kind } = served;
      const own = {
        name: kind.plural,
        singularName: kind.singular,
        namespaced: kind.namespaced,
        kind: kind.kind,
        verbs: kind.verbs ?? defaultVerbs,
        ...(kind.shortNames.length > 0 ? { shortNames: kind.shortNames } : {}),
        ...(kind.categories.length > 0 ? { categories: kind.categories } : {}),
      };
      const subresources = subresourcesOf(served).map(({ name, ...rest }) => ({ name: `${kind.plural}/${name}`, singularName: '', namespaced: kind.namespaced, ...rest }));
      return [own, ...subresources];
    });
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersionOf({ group, version }), resources } as { kind: string; resources: readonly unknown[] };
}
