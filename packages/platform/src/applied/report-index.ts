import type { AgentReport, WorkPlacement } from '@plinth/api';
import { declaredIn, objectKey, type ReportedObject } from '../why/owned-objects.ts';
import type { Failure, KustomizationReport, Unhealthy } from './placement-standing.ts';

/** Finds in a report what it says of one placement, without a look at all of it. */
export interface ReportIndex {
  /** The first of the placement's objects or files that the Kustomization could not apply. */
  failureOf(kustomization: KustomizationReport, placement: WorkPlacement, paths: readonly string[]): Failure | undefined;
  /** Those of the placement's objects that do not work. */
  unhealthyOf(placement: WorkPlacement): readonly Unhealthy[];
}

/** Reports are never changed in place, so each has its index once. */
export function indexOf(report: AgentReport | undefined): ReportIndex {
  if (!report) return NOTHING;
  let index = remembered.get(report);
  if (!index) remembered.set(report, (index = createIndex(report)));
  return index;
}

const remembered = new WeakMap<AgentReport, ReportIndex>();
const NOTHING: ReportIndex = { failureOf: () => undefined, unhealthyOf: () => [] };

function createIndex({ kustomizations = [], unhealthy = [] }: AgentReport): ReportIndex {
  const sick = byObjectKey(unhealthy);
  const failures = new Map(kustomizations.map((each) => [each.name, failuresOf(each)]));
  return {
    failureOf: ({ name }, placement, paths) => {
      const found = failures.get(name);
      if (!found) return undefined;
      for (const path of paths) {
        const failure = found.byPath.get(path);
        if (failure) return failure;
      }
      return found.byObject.size === 0 ? undefined : lookUp(found.byObject, placement)[0];
    },
    unhealthyOf: (placement) => (sick.size === 0 ? [] : lookUp(sick, placement)),
  };
}

interface Failures {
  /** By the file and by all folders that it lies in. */
  readonly byPath: ReadonlyMap<string, Failure>;
  /** Those of agents that do not name the file. */
  readonly byObject: Entries<Failure>;
}

function failuresOf({ failures = [] }: KustomizationReport): Failures {
  const byPath = new Map<string, Failure>();
  for (const failure of failures) {
    for (let path = failure.path ?? ''; path !== ''; path = path.slice(0, Math.max(path.lastIndexOf('/'), 0))) if (!byPath.has(path)) byPath.set(path, failure);
  }
  return { byPath, byObject: byObjectKey(failures.filter(({ path }) => path === undefined)) };
}

type Entries<T> = ReadonlyMap<string, readonly T[]>;

/** By every key under which a manifest may declare the object: it need not name the namespace, and a report not the group. */
function byObjectKey<T extends ReportedObject>(entries: readonly T[]): Entries<T> {
  const map = new Map<string, T[]>();
  for (const entry of entries) {
    const { apiVersion, namespace } = entry;
    for (const each of namespace ? [entry, { ...entry, namespace: '' }] : [entry]) {
      const key = apiVersion === undefined ? anyGroup(objectKey(each)) : objectKey(each);
      map.set(key, [...(map.get(key) ?? []), entry]);
    }
  }
  return map;
}

function lookUp<T>(entries: Entries<T>, placement: WorkPlacement): readonly T[] {
  const found: T[] = [];
  for (const key of declaredIn(placement)) found.push(...(entries.get(key) ?? []), ...(entries.get(anyGroup(key)) ?? []));
  return found;
}

const anyGroup = (key: string): string => `*${key.slice(key.indexOf(' '))}`;
