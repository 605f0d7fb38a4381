import { keyString, type ObjectKey } from '@plinth/apimachinery';
import type { Kustomization } from '@plinth/api';
import { findCondition, isConditionTrue } from '@plinth/controller-runtime';
import type { Artifact } from '../source/artifact-store.ts';
import { entryAt } from '../source/tree-reader.ts';
import { PARTIALLY_APPLIED } from './status.ts';

/** The Kustomizations that this one waits for. */
export const dependenciesOf = (kustomization: Kustomization): readonly ObjectKey[] =>
  (kustomization.spec?.dependsOn ?? []).map(({ name, namespace }) => ({ namespace: namespace ?? kustomization.metadata.namespace ?? '', name }));

/** The source of a Kustomization, and which kind it is. */
export const sourceId = (kustomization: Kustomization): string => `${kustomization.spec?.sourceRef.kind ?? ''} ${keyString(sourceOf(kustomization))}`;

/** The name of the source of a Kustomization. */
export const sourceOf = (kustomization: Kustomization): ObjectKey => ({
  namespace: kustomization.spec?.sourceRef.namespace ?? kustomization.metadata.namespace ?? '',
  name: kustomization.spec?.sourceRef.name ?? '',
});

/**
 * Why a Kustomization must still wait, as its condition says it; undefined when it may run.
 *
 * As with Flux a dependency must be Ready at its present generation and, when both have the same source, must have
 * applied the present revision. Two things are milder: a dependency whose folder did not change counts as up to date, and
 * one of which all objects but a few broken ones are applied (condition PartiallyApplied) counts as ready.
 */
export function unmetDependency(
  kustomization: Kustomization,
  artifact: Artifact,
  find: (key: ObjectKey) => Kustomization | undefined,
  artifactAt: (revision: string) => Artifact | undefined,
): string | undefined {
  for (const key of dependenciesOf(kustomization)) {
    const name = `'${keyString(key)}'`;
    const dependency = find(key);
    if (!dependency) return `dependency ${name} not found: kustomizations.kustomize.toolkit.fluxcd.io "${key.name}" not found`;
    const { status } = dependency;
    const isReady = isConditionTrue(status?.conditions, 'Ready') && status?.observedGeneration === dependency.metadata.generation;
    const partial = findCondition(status?.conditions, PARTIALLY_APPLIED);
    const isPartial = partial?.status === 'True' && partial.observedGeneration === dependency.metadata.generation;
    if (!isReady && !isPartial) return `dependency ${name} is not ready`;
    if (sourceId(dependency) !== sourceId(kustomization)) continue;
    const at = isReady ? status?.lastAppliedRevision : status?.lastAttemptedRevision;
    if (at === artifact.revision) continue;
    const before = at === undefined ? undefined : artifactAt(at);
    if (!before || !isSameFolder(before, artifact, dependency.spec?.path ?? '')) return `dependency ${name} revision is not up to date`;
  }
  return undefined;
}

/** The content below a path is the same in both; a file outside of it (`.sourceignore`) could still make a difference. */
function isSameFolder(before: Artifact, after: Artifact, path: string): boolean {
  const ignoreOf = (artifact: Artifact): string | undefined => entryAt(artifact.reader, artifact.root, '.sourceignore')?.id;
  const [old, now] = [entryAt(before.reader, before.root, path), entryAt(after.reader, after.root, path)];
  return old !== undefined && old.id === now?.id && ignoreOf(before) === ignoreOf(after);
}
