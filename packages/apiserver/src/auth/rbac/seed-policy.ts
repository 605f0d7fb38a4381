import { randomUUID } from 'node:crypto';

import { deepEqual, timeText, type UnstructuredObject } from '@plinth/apimachinery';
import type { ObjectStore } from '@plinth/object-store';

import { prefixOf } from '../../registry/served.ts';
import { decode, encode } from '../../storage/codec.ts';
import { bootstrapPolicy } from './bootstrap-policy.ts';
import { uncovered } from './covers.ts';
import { parseRules } from './rules.ts';

const plurals: Readonly<Record<string, string>> = { ClusterRole: 'clusterroles', ClusterRoleBinding: 'clusterrolebindings' };

/**
 * Sees to it that the roles and bindings that every cluster has are there, before the first request: written straight to
 * the store, because nobody could be allowed to write them yet. Rules and subjects that somebody took away come back, those
 * that somebody added stay; `rbac.authorization.kubernetes.io/autoupdate: "false"` on an object keeps it as it is.
 */
export async function seedPolicy(store: ObjectStore, now: number): Promise<void> {
  await Promise.all(bootstrapPolicy().map((wanted) => ensure(store, wanted, now)));
}

async function ensure(store: ObjectStore, wanted: UnstructuredObject, now: number): Promise<void> {
  const key = prefixOf({ group: 'rbac.authorization.k8s.io', plural: plurals[wanted.kind] ?? '' }) + wanted.metadata.name;
  const entry = store.get(key);
  const next = entry ? reconciled(decode(entry), wanted) : created(wanted, now);
  // A write that finds something else there loses to it: the next start looks again.
  if (next) await store.write({ key, value: encode(next), expectedRevision: entry?.revision ?? 0 });
}

function created(wanted: UnstructuredObject, now: number): UnstructuredObject {
  const creationTimestamp = timeText(now);
  return { ...wanted, metadata: { ...wanted.metadata, uid: randomUUID(), creationTimestamp } };
}

/** `undefined`: nothing is missing. */
function reconciled(current: UnstructuredObject, wanted: UnstructuredObject): UnstructuredObject | undefined {
  if (current.metadata.annotations?.['rbac.authorization.kubernetes.io/autoupdate'] === 'false') return undefined;
  if (wanted.kind === 'ClusterRole') {
    const missing = uncovered(parseRules(current['rules']), parseRules(wanted['rules']));
    return missing.length === 0 ? undefined : { ...current, rules: [...((current['rules'] ?? []) as readonly unknown[]), ...(wanted['rules'] as readonly unknown[])] };
  }
  const subjects = (current['subjects'] ?? []) as readonly unknown[];
  const missing = (wanted['subjects'] as readonly unknown[]).filter((subject) => !subjects.some((other) => deepEqual(other, subject)));
  return missing.length === 0 ? undefined : { ...current, subjects: [...subjects, ...missing] };
}
