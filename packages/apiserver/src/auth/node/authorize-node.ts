import { isJsonObject, type UnstructuredObject } from '@plinth/apimachinery';
import type { ObjectStore } from '@plinth/object-store';

import { prefixOf } from '../../registry/served.ts';
import type { AccessAttributes, UserInfo } from '../../request.ts';
import { decode } from '../../storage/codec.ts';
import { podReferences } from './pod-references.ts';

/** What a node may do because of the pods that run on it. */
export interface NodeAuthorizer extends Disposable {
  /** `undefined`: not a node, or nothing that depends on its pods; RBAC decides. */
  authorize(attributes: AccessAttributes): boolean | undefined;
  /** Whether the pod is bound to the node. */
  runs(node: string, namespace: string, pod: string): boolean;
}

interface BoundPod {
  readonly node: string;
  readonly references: ReadonlySet<string>;
}

const readVerbs = new Set(['get', 'list', 'watch']);
const referenced = new Set(['secrets', 'configmaps', 'persistentvolumeclaims', 'serviceaccounts']);

/** The name of the node whose agent this is. */
export function nodeNameOf(user: UserInfo): string | undefined {
  return user.name.startsWith('system:node:') && user.groups.includes('system:nodes') ? user.name.slice('system:node:'.length) : undefined;
}

/**
 * Keeps a node to its own: the secrets, config maps and claims that its pods name, tokens of their service accounts,
 * their status and its own Node and Lease. https://kubernetes.io/docs/reference/access-authn-authz/node/
 */
export function createNodeAuthorizer(store: ObjectStore): NodeAuthorizer {
  const prefix = prefixOf({ group: '', plural: 'pods' });
  /** By `namespace/name`. */
  const pods = new Map<string, BoundPod>();
  /** node -> `namespace/plural/name` -> how many of its pods name it. */
  const uses = new Map<string, Map<string, number>>();

  const count = (pod: string, { node, references }: BoundPod, by: 1 | -1): void => {
    const namespace = pod.slice(0, pod.indexOf('/'));
    let counts = uses.get(node);
    if (!counts) uses.set(node, (counts = new Map()));
    for (const reference of references) {
      const key = `${namespace}/${reference}`;
      const next = (counts.get(key) ?? 0) + by;
      if (next > 0) counts.set(key, next);
      else counts.delete(key);
    }
  };
  const set = (key: string, object: UnstructuredObject | undefined): void => {
    const pod = key.slice(prefix.length);
    const previous = pods.get(pod);
    const spec = object?.['spec'];
    const node = isJsonObject(spec) && typeof spec['nodeName'] === 'string' ? spec['nodeName'] : '';
    // What a pod names never changes once it runs; most of its events are about its status.
    if (previous && object && previous.node === node) return;
    if (previous) {
      count(pod, previous, -1);
      pods.delete(pod);
    }
    if (!object || node === '') return;
    const bound = { node, references: podReferences(object) };
    pods.set(pod, bound);
    count(pod, bound, 1);
  };
  const parsed = (entry: Parameters<typeof decode>[0]): UnstructuredObject | undefined => {
    try {
      return decode(entry);
    } catch {
      return undefined;
    }
  };

  const { entries, revision } = store.list(prefix);
  for (const entry of entries) set(entry.key, parsed(entry));
  const stop = store.watch(prefix, revision, (event) => set(event.key, event.type === 'put' ? parsed(event) : undefined));

  const runs = (node: string, namespace: string, pod: string): boolean => pods.get(`${namespace}/${pod}`)?.node === node;
  return {
    runs,
    [Symbol.dispose]: stop,
    authorize: ({ user, verb, resource }) => {
      const node = nodeNameOf(user);
      if (node === undefined || !resource) return undefined;
      const { group, plural, subresource, namespace = '', name } = resource;
      if (group === 'coordination.k8s.io') return plural === 'leases' && namespace === 'kube-node-lease' && name === node ? true : undefined;
      if (group !== '' || name === undefined) return undefined;
      if (plural === 'nodes') return name === node && (subresource === undefined || subresource === 'status') ? true : undefined;
      if (plural === 'pods') {
        if (!runs(node, namespace, name)) return undefined;
        return (subresource === 'status' && (verb === 'update' || verb === 'patch')) || (subresource === undefined && verb === 'delete') ? true : undefined;
      }
      if (!referenced.has(plural) || !uses.get(node)?.has(`${namespace}/${plural}/${name}`)) return undefined;
      if (subresource === 'token') return plural === 'serviceaccounts' && verb === 'create' ? true : undefined;
      return subresource === undefined && readVerbs.has(verb) ? true : undefined;
    },
  };
}
