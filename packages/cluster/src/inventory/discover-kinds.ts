import type { ApiResource } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';

/** A kind that the server lists, watches and deletes. */
export interface DiscoveredKind extends ApiResource {
  readonly id: string;
}

interface ResourceList {
  readonly resources?: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean; readonly verbs?: readonly string[] }[];
}
interface GroupList {
  readonly groups?: readonly { readonly name: string; readonly preferredVersion?: { readonly version: string }; readonly versions?: readonly { readonly version: string }[] }[];
}

/**
 * All kinds that the server has now, each once, in its preferred version. A group that does not answer (a CRD that was
 * taken away between two questions) is left out.
 */
export async function discoverKinds(client: Client): Promise<readonly DiscoveredKind[]> {
  const groups = (await get<GroupList>(client, '/apis'))?.groups ?? [];
  const found = await Promise.all([
    kindsOf(client, '', 'v1'),
    ...groups.flatMap(({ name, versions = [], preferredVersion }) => {
      const ordered = [preferredVersion?.version, ...versions.map(({ version }) => version)].filter((version) => version !== undefined);
      return [...new Set(ordered)].map((version) => kindsOf(client, name, version));
    }),
  ]);
  const kinds = new Map<string, DiscoveredKind>();
  for (const kind of found.flat()) if (!kinds.has(kind.id)) kinds.set(kind.id, kind);
  return [...kinds.values()];
}

async function kindsOf(client: Client, group: string, version: string): Promise<readonly DiscoveredKind[]> {
  const list = await get<ResourceList>(client, group === '' ? `/api/${version}` : `/apis/${group}/${version}`);
  return (list?.resources ?? [])
    .filter(({ name, verbs = [] }) => !name.includes('/') && ['list', 'watch', 'delete'].every((verb) => verbs.includes(verb)))
    .map(({ name, kind, namespaced }) => ({ group, version, kind, plural: name, namespaced, id: `${group}/${name}` }));
}

async function get<T>(client: Client, path: string): Promise<T | undefined> {
  const { status, body } = await client.request({ method: 'GET', path });
  return status === 200 ? (body as T) : undefined;
}
