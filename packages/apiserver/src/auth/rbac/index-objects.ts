import { matchesLabels, queryOfSelector, type LabelQuery, type LabelSelector, type UnstructuredObject } from '@plinth/apimachinery';
import type { ObjectStore } from '@plinth/object-store';

import { decode } from '../../storage/codec.ts';
import { prefixOf } from '../../registry/served.ts';
import { parseRules, type Rule } from './rules.ts';

export interface RoleRef {
  readonly kind: string;
  readonly name: string;
}

/** A RoleBinding (with a namespace) or ClusterRoleBinding (without). */
export interface Binding {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly roleRef: RoleRef;
  /** See {@link subjectKeys}, with the subject as it is printed. */
  readonly subjects: ReadonlyMap<string, string>;
}

/**
 * Who a binding speaks of, as keys of one map: `u:NAME` and `g:NAME`. A service account is a user by its long name.
 */
export const userKey = (name: string): string => `u:${name}`;
export const groupKey = (name: string): string => `g:${name}`;

/** The roles and bindings of a store, as they are now. */
export interface RbacObjects extends Disposable {
  /** Counts every change; what was derived from an older generation is old. */
  readonly generation: number;
  /** Rules of a Role (in `namespace`) or ClusterRole, those that it aggregates included. Empty when there is none. */
  rulesOf(roleRef: RoleRef, namespace: string | undefined): readonly Rule[];
  /** Whether the role is there at all. */
  hasRole(roleRef: RoleRef, namespace: string | undefined): boolean;
  bindingsOf(subject: string): Iterable<Binding>;
}

interface ClusterRoleEntry {
  readonly rules: readonly Rule[];
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly aggregates: readonly LabelQuery[];
}

const group = 'rbac.authorization.k8s.io';
const prefixes = {
  roles: prefixOf({ group, plural: 'roles' }),
  rolebindings: prefixOf({ group, plural: 'rolebindings' }),
  clusterroles: prefixOf({ group, plural: 'clusterroles' }),
  clusterrolebindings: prefixOf({ group, plural: 'clusterrolebindings' }),
} as const;

/** Keeps roles and bindings at hand, moved along by the store's own events: no read of the store per request. */
export function indexRbacObjects(store: ObjectStore): RbacObjects {
  const roles = new Map<string, readonly Rule[]>();
  const clusterRoles = new Map<string, ClusterRoleEntry>();
  const bindings = new Map<string, Binding>();
  const bySubject = new Map<string, Set<Binding>>();
  let generation = 0;

  const setBinding = (key: string, binding: Binding | undefined): void => {
    const previous = bindings.get(key);
    if (previous) {
      for (const subject of previous.subjects.keys()) {
        const others = bySubject.get(subject);
        if (others?.delete(previous) && others.size === 0) bySubject.delete(subject);
      }
      bindings.delete(key);
    }
    if (!binding) return;
    bindings.set(key, binding);
    for (const subject of binding.subjects.keys()) {
      const others = bySubject.get(subject);
      if (others) others.add(binding);
      else bySubject.set(subject, new Set([binding]));
    }
  };
  const set = (key: string, object: UnstructuredObject | undefined): void => {
    generation += 1;
    if (key.startsWith(prefixes.rolebindings) || key.startsWith(prefixes.clusterrolebindings)) setBinding(key, object && parseBinding(object));
    else if (key.startsWith(prefixes.clusterroles)) setOrDelete(clusterRoles, key.slice(prefixes.clusterroles.length), object && parseClusterRole(object));
    else if (key.startsWith(prefixes.roles)) setOrDelete(roles, key.slice(prefixes.roles.length), object && parseRules(object['rules']));
  };
  /** A damaged value grants nothing, and must not keep the server from serving the rest. */
  const parsed = (entry: Parameters<typeof decode>[0]): UnstructuredObject | undefined => {
    try {
      return decode(entry);
    } catch {
      return undefined;
    }
  };

  const stops: (() => void)[] = [];
  for (const prefix of Object.values(prefixes)) {
    const { entries, revision } = store.list(prefix);
    for (const entry of entries) set(entry.key, parsed(entry));
    stops.push(store.watch(prefix, revision, (event) => set(event.key, event.type === 'put' ? parsed(event) : undefined)));
  }

  return {
    get generation() {
      return generation;
    },
    hasRole: ({ kind, name }, namespace) => (kind === 'ClusterRole' ? clusterRoles.has(name) : roles.has(`${namespace ?? ''}/${name}`)),
    rulesOf: ({ kind, name }, namespace) => {
      if (kind !== 'ClusterRole') return roles.get(`${namespace ?? ''}/${name}`) ?? [];
      const entry = clusterRoles.get(name);
      if (!entry) return [];
      if (entry.aggregates.length === 0) return entry.rules;
      return aggregated(entry, clusterRoles);
    },
    bindingsOf: (subject) => bySubject.get(subject) ?? [],
    [Symbol.dispose]: () => {
      for (const stop of stops) stop();
    },
  };
}

/** The rules of every ClusterRole that a selector picks; those may aggregate others in turn, and each counts once. */
function aggregated(entry: ClusterRoleEntry, all: ReadonlyMap<string, ClusterRoleEntry>): readonly Rule[] {
  const seen = new Set<ClusterRoleEntry>([entry]);
  const rules: Rule[] = [];
  const waiting = [entry];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (next.aggregates.length === 0) rules.push(...next.rules);
    for (const other of all.values()) {
      if (seen.has(other) || !next.aggregates.some((query) => matchesLabels(query, other.labels))) continue;
      seen.add(other);
      waiting.push(other);
    }
  }
  return rules;
}

function parseClusterRole(object: UnstructuredObject): ClusterRoleEntry {
  const aggregation = object['aggregationRule'] as { readonly clusterRoleSelectors?: readonly LabelSelector[] } | undefined;
  return {
    rules: parseRules(object['rules']),
    labels: object.metadata.labels,
    aggregates: (aggregation?.clusterRoleSelectors ?? []).map(queryOfSelector),
  };
}

function parseBinding(object: UnstructuredObject): Binding {
  const { name, namespace } = object.metadata;
  const subjects = new Map<string, string>();
  for (const subject of (object['subjects'] ?? []) as readonly { readonly kind?: string; readonly name?: string; readonly namespace?: string }[]) {
    const who = subject.name ?? '';
    if (subject.kind === 'User') subjects.set(userKey(who), `User ${JSON.stringify(who)}`);
    else if (subject.kind === 'Group') subjects.set(groupKey(who), `Group ${JSON.stringify(who)}`);
    else if (subject.kind === 'ServiceAccount') {
      const home = subject.namespace || namespace || '';
      subjects.set(userKey(`system:serviceaccount:${home}:${who}`), `ServiceAccount ${JSON.stringify(`${who}/${home}`)}`);
    }
  }
  const { kind = '', name: role = '' } = (object['roleRef'] ?? {}) as { readonly kind?: string; readonly name?: string };
  return { name, namespace, roleRef: { kind, name: role }, subjects };
}

function setOrDelete<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}
