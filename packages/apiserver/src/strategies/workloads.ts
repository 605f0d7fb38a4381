import { checkLabelSelector, deepEqual, fieldForbidden, fieldInvalid, fieldRequired, matchesLabels, queryOfSelector, type LabelSelector, type StatusCause, type UnstructuredObject } from '@plinth/apimachinery';
import type { Strategy } from '../registry/strategy.ts';
import { ensureObject, fillIn, listAt, objectAt, ownItems, type Members } from './members.ts';
import { defaultPodSpec } from './pod-defaults.ts';
import { podSpecCauses } from './pods.ts';

export const deploymentStrategy: Partial<Strategy> = {
  prepare: (draft) => {
    const spec = ensureObject(draft, 'spec');
    fillIn(spec, { replicas: 1, strategy: {} });
    defaultTemplate(spec);
    const strategy = ensureObject(spec, 'strategy');
    fillIn(strategy, { type: 'RollingUpdate' });
    if (strategy['type'] === 'RollingUpdate') fillIn(ensureObject(strategy, 'rollingUpdate'), { maxSurge: '25%', maxUnavailable: '25%' });
  },
  validate: (object, old) => [...templateCauses(object, old, ['Always']), ...selectorChange(object, old), ...strategyCauses(object)],
};

export const replicaSetStrategy: Partial<Strategy> = {
  prepare: (draft) => {
    const spec = ensureObject(draft, 'spec');
    fillIn(spec, { replicas: 1 });
    defaultTemplate(spec);
  },
  validate: (object, old) => [...templateCauses(object, old, ['Always']), ...selectorChange(object, old)],
};

export const statefulSetStrategy: Partial<Strategy> = {
  prepare: (draft) => {
    const spec = ensureObject(draft, 'spec');
    fillIn(spec, { replicas: 1, podManagementPolicy: 'OrderedReady', updateStrategy: {}, persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' } });
    defaultTemplate(spec);
    const strategy = ensureObject(spec, 'updateStrategy');
    fillIn(strategy, { type: 'RollingUpdate' });
    if (strategy['type'] === 'RollingUpdate') fillIn(ensureObject(strategy, 'rollingUpdate'), { partition: 0 });
    for (const claim of ownItems(spec, 'volumeClaimTemplates')) {
      fillIn(claim, { apiVersion: 'v1', kind: 'PersistentVolumeClaim' });
      fillIn(ensureObject(claim, 'spec'), { volumeMode: 'Filesystem' });
      fillIn(ensureObject(claim, 'status'), { phase: 'Pending' });
    }
  },
  validate: (object, old) => [...templateCauses(object, old, ['Always']), ...statefulSetChange(object, old)],
};

export function defaultTemplate(spec: Members): void {
  const template = ensureObject(spec, 'template');
  ensureObject(template, 'metadata');
  defaultPodSpec(ensureObject(template, 'spec'));
}

/** A workload must select the pods that it makes, or it would make them for ever. */
function templateCauses(object: UnstructuredObject, old: UnstructuredObject | undefined, restartPolicies: readonly string[]): readonly StatusCause[] {
  const spec = objectAt(object, 'spec') ?? {};
  const selector = objectAt(spec, 'selector') as LabelSelector | undefined;
  const causes: StatusCause[] = [];
  if (!selector) causes.push(fieldRequired('spec.selector'));
  else {
    const wrong = checkLabelSelector(selector, 'spec.selector');
    causes.push(...wrong);
    if (Object.keys(selector).length === 0) causes.push(fieldInvalid('spec.selector', selector, 'empty selector is invalid for deployment'));
    const labels = objectAt(spec, 'template', 'metadata', 'labels') as Readonly<Record<string, string>> | undefined;
    if (wrong.length === 0 && !matchesLabels(queryOfSelector(selector), labels)) {
      causes.push(fieldInvalid('spec.template.metadata.labels', labels ?? {}, '`selector` does not match template `labels`'));
    }
  }
  causes.push(...podTemplateCauses(spec, old, restartPolicies));
  return causes;
}

export function podTemplateCauses(spec: Readonly<Members>, old: UnstructuredObject | undefined, restartPolicies: readonly string[]): readonly StatusCause[] {
  const podSpec = objectAt(spec, 'template', 'spec') ?? {};
  if (old && deepEqual(podSpec, objectAt(old, 'spec', 'template', 'spec'))) return [];
  const policy = podSpec['restartPolicy'];
  const wrong =
    typeof policy === 'string' && !restartPolicies.includes(policy)
      ? [{ reason: 'FieldValueNotSupported', field: 'spec.template.spec.restartPolicy', message: `Unsupported value: ${JSON.stringify(policy)}: supported values: ${restartPolicies.map((value) => JSON.stringify(value)).join(', ')}` }]
      : [];
  const claims = listAt(spec, 'volumeClaimTemplates').map((claim) => objectAt(claim, 'metadata')?.['name']);
  return [...podSpecCauses(podSpec, 'spec.template.spec', claims), ...wrong];
}

function selectorChange(object: UnstructuredObject, old: UnstructuredObject | undefined): readonly StatusCause[] {
  const selector = objectAt(object, 'spec', 'selector');
  return old && !deepEqual(selector, objectAt(old, 'spec', 'selector')) ? [fieldInvalid('spec.selector', selector, 'field is immutable')] : [];
}

function strategyCauses(object: UnstructuredObject): readonly StatusCause[] {
  const strategy = objectAt(object, 'spec', 'strategy');
  if (strategy?.['type'] === 'Recreate' && strategy['rollingUpdate'] !== undefined) {
    return [fieldForbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'")];
  }
  return [];
}

const mayChange = new Set(['replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy', 'minReadySeconds']);

function statefulSetChange(object: UnstructuredObject, old: UnstructuredObject | undefined): readonly StatusCause[] {
  if (!old) return [];
  const fixed = (value: UnstructuredObject): unknown => Object.fromEntries(Object.entries(objectAt(value, 'spec') ?? {}).filter(([key]) => !mayChange.has(key)));
  if (deepEqual(fixed(object), fixed(old))) return [];
  return [
    fieldForbidden(
      'spec',
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ),
  ];
}
