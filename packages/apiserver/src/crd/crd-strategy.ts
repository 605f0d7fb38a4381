import { isDns1123Subdomain, timeText, validateSchema } from '@plinth/apimachinery';
import { customResourceDefinitions, type CustomResourceDefinition } from '@plinth/api';
import type { Registry } from '../registry/registry.ts';
import type { Strategy } from '../registry/strategy.ts';
import { uncompiled } from './rules.ts';
import { validateCrd } from './validate-crd.ts';

/** Keeps a CRD until its objects are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

/**
 * CustomResourceDefinitions. Their conditions are written together with the CRD itself: in the very moment in which a
 * CRD can be read its kind is served (`CrdController` follows the store's events), so that nobody need wait or poll.
 */
export function crdStrategy(registry: Registry): Strategy {
  return {
    nameRule: isDns1123Subdomain,
    prepare: (draft, old, { now, warn, subresource }) => {
      if (subresource === 'status') return;
      const crd = draft as unknown as CustomResourceDefinition;
      const names = crd.spec?.names;
      // What is missing or of the wrong type is refused a moment later.
      if (validateSchema(draft, customResourceDefinitions.schema).length > 0 || !names) return;
      draft['spec'] = { ...crd.spec, names: { ...names, singular: names.singular || names.kind.toLowerCase(), listKind: names.listKind || `${names.kind}List` } };
      if (!old) draft.metadata.finalizers = [...new Set([...(draft.metadata.finalizers ?? []), CLEANUP_FINALIZER])];
      for (const { name, schema } of crd.spec.versions) {
        for (const problem of uncompiled(schema?.openAPIV3Schema ?? {})) warn(`version ${name}: a validation rule is not checked by this server: ${problem}`);
      }
      draft['status'] = statusOf(registry, crd, old as CustomResourceDefinition | undefined, timeText(now.getTime()));
    },
    validate: (object, old) => validateCrd(object as unknown as CustomResourceDefinition, old as CustomResourceDefinition | undefined),
    markDeleted: (draft) => {
      const { status } = draft as unknown as CustomResourceDefinition;
      const conditions = (status?.conditions ?? []).filter(({ type }) => type !== 'Terminating');
      const time = draft.metadata.deletionTimestamp ?? '';
      draft['status'] = {
        ...status,
        conditions: [...conditions, { type: 'Terminating', status: 'True', reason: 'InstanceDeletionInProgress', message: 'CustomResource deletion is in progress', lastTransitionTime: time }],
      };
    },
  };
}

/** A CRD is served when nobody else has one of its names. */
export const isAccepted = (crd: CustomResourceDefinition): boolean =>
  crd.status?.conditions?.some(({ type, status }) => type === 'NamesAccepted' && status === 'True') ?? false;

function statusOf(registry: Registry, crd: CustomResourceDefinition, old: CustomResourceDefinition | undefined, time: string): unknown {
  const taken = conflictOf(registry, crd);
  const before = old?.status?.conditions ?? [];
  const condition = (type: string, ok: boolean, reason: string, message: string): object => {
    const status = ok ? 'True' : 'False';
    const same = before.find((each) => each.type === type && each.status === status);
    return { type, status, reason, message, lastTransitionTime: same?.lastTransitionTime ?? time };
  };
  const storage = crd.spec.versions.filter((version) => version.storage).map(({ name }) => name);
  return {
    ...old?.status,
    conditions: [
      taken === undefined
        ? condition('NamesAccepted', true, 'NoConflicts', 'no conflicts found')
        : condition('NamesAccepted', false, taken.reason, taken.message),
      taken === undefined
        ? condition('Established', true, 'InitialNamesAccepted', 'the initial names have been accepted')
        : condition('Established', false, 'NotAccepted', 'not all names are accepted'),
      ...before.filter(({ type }) => type !== 'NamesAccepted' && type !== 'Established'),
    ],
    acceptedNames: taken === undefined ? crd.spec.names : (old?.status?.acceptedNames ?? { kind: '', plural: '' }),
    storedVersions: [...new Set([...(old?.status?.storedVersions ?? []), ...storage])],
  };
}

function conflictOf(registry: Registry, crd: CustomResourceDefinition): { readonly reason: string; readonly message: string } | undefined {
  const { group, names } = crd.spec;
  const others = registry.all().filter((served) => served.kind.group === group && served.crd?.name !== crd.metadata.name);
  const resources = new Set(others.flatMap(({ kind }) => [kind.plural, kind.singular, ...kind.shortNames]));
  const kinds = new Set(others.flatMap(({ kind }) => [kind.kind, kind.listKind]));
  const resource = (name: string | undefined, reason: string) =>
    name !== undefined && resources.has(name) ? { reason, message: `${JSON.stringify(name)} is already in use` } : undefined;
  const kind = (name: string | undefined, reason: string) =>
    name !== undefined && kinds.has(name) ? { reason, message: `${JSON.stringify(name)} is already in use` } : undefined;
  return (
    resource(names.plural, 'PluralConflict') ??
    resource(names.singular, 'SingularConflict') ??
    names.shortNames?.map((name) => resource(name, 'ShortNamesConflict')).find(Boolean) ??
    kind(names.kind, 'KindConflict') ??
    kind(names.listKind, 'ListKindConflict')
  );
}

