import { deepEqual, fieldDuplicate, fieldForbidden, fieldInvalid, fieldNotFound, fieldRequired, forbidden, isDns1123Label, type StatusCause, type UnstructuredObject } from '@plinth/apimachinery';
import type { Draft, Strategy } from '../registry/strategy.ts';
import { ensureObject, fillIn, hasStoredSpec, listAt, objectAt, ownItems, type Members } from './members.ts';
import { defaultPodSpec, qosClassOf } from './pod-defaults.ts';

/**
 * Pods. The ServiceAccount admission of Kubernetes is part of it: a pod gets the account `default` when it names none,
 * and its token as a volume unless it or the account refuses.
 */
export function podStrategy(hasServiceAccount: (namespace: string, name: string) => boolean): Partial<Strategy> {
  return {
    prepare: (draft, old) => {
      if (hasStoredSpec(draft, old)) return;
      const spec = ensureObject(draft, 'spec');
      defaultPodSpec(spec);
      fillIn(spec, { enableServiceLinks: true });
      if (old) return;
      giveServiceAccount(draft, spec, hasServiceAccount);
      const tolerations = spec['tolerations'] ?? [];
      if (Array.isArray(tolerations)) spec['tolerations'] = [...tolerations, ...missingTolerations(listAt(spec, 'tolerations'))];
      fillIn(spec, { priority: 0, preemptionPolicy: 'PreemptLowerPriority' });
      draft['status'] = { phase: 'Pending', qosClass: qosClassOf(listAt(spec, 'containers')) };
    },
    validate: (pod, old) => hasStoredSpec(pod, old) ? [] : [...podSpecCauses(objectAt(pod, 'spec') ?? {}, 'spec'), ...(old ? changeCauses(pod, old) : [])],
    gracePeriodSeconds: (pod, asked) => {
      const spec = objectAt(pod, 'spec');
      const phase = objectAt(pod, 'status')?.['phase'];
      // Nothing runs, so there is nobody to wait for.
      if (!spec?.['nodeName'] || phase === 'Succeeded' || phase === 'Failed') return 0;
      const own = spec['terminationGracePeriodSeconds'];
      return Math.max(0, asked ?? (typeof own === 'number' ? own : 30));
    },
  };
}

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';

function giveServiceAccount(draft: Draft, spec: Members, hasServiceAccount: (namespace: string, name: string) => boolean): void {
  const { name, namespace = '' } = draft.metadata;
  const account = typeof spec['serviceAccountName'] === 'string' && spec['serviceAccountName'] !== '' ? spec['serviceAccountName'] : 'default';
  // The account `default` is made by a controller a moment after its namespace; no pod need wait for that.
  if (account !== 'default' && !hasServiceAccount(namespace, account)) {
    throw forbidden({ group: '', plural: 'pods' }, name, `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`);
  }
  spec['serviceAccountName'] = account;
  spec['serviceAccount'] = account;
  if (spec['automountServiceAccountToken'] === false) return;
  const containers = [...ownItems(spec, 'initContainers'), ...ownItems(spec, 'containers')];
  const without = containers.filter((container) => !listAt(container, 'volumeMounts').some(({ mountPath }) => mountPath === TOKEN_PATH));
  if (without.length === 0) return;
  const volume = 'kube-api-access';
  for (const container of without) {
    const mounts = Array.isArray(container['volumeMounts']) ? container['volumeMounts'] : [];
    container['volumeMounts'] = [...mounts, { name: volume, mountPath: TOKEN_PATH, readOnly: true }];
  }
  const volumes = Array.isArray(spec['volumes']) ? spec['volumes'] : [];
  if (listAt(spec, 'volumes').some((each) => each['name'] === volume)) return;
  spec['volumes'] = [...volumes, { name: volume, projected: { defaultMode: 0o644, sources: tokenSources } }];
}

const tokenSources = [
  { serviceAccountToken: { expirationSeconds: 3_607, path: 'token' } },
  { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }], optional: true } },
  { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
];

/** A node that is unwell for five minutes loses its pods. */
const missingTolerations = (present: readonly Readonly<Members>[]): readonly Members[] =>
  ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
    .filter((key) => !present.some((toleration) => toleration['key'] === key || (toleration['key'] === undefined && toleration['operator'] === 'Exists')))
    .map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }));

/**
 * What is wrong with a pod's spec, or with the one in a template, beyond its schema. `claims`: volumes that a StatefulSet
 * adds by its claim templates.
 */
export function podSpecCauses(spec: Readonly<Members>, path: string, claims: readonly unknown[] = []): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const volumes = new Set([...listAt(spec, 'volumes').map(({ name }) => name), ...claims]);
  const names = new Set<unknown>();
  if (listAt(spec, 'containers').length === 0) causes.push(fieldRequired(`${path}.containers`));
  for (const key of ['initContainers', 'containers']) {
    listAt(spec, key).forEach((container, index) => {
      const at = `${path}.${key}[${index}]`;
      const { name, image } = container;
      if (typeof name !== 'string' || name === '') causes.push(fieldRequired(`${at}.name`));
      else {
        for (const wrong of isDns1123Label(name)) causes.push(fieldInvalid(`${at}.name`, name, wrong));
        if (names.has(name)) causes.push(fieldDuplicate(`${at}.name`, name));
        names.add(name);
      }
      if (typeof image !== 'string' || image === '') causes.push(fieldRequired(`${at}.image`));
      listAt(container, 'volumeMounts').forEach((mount, position) => {
        if (!volumes.has(mount['name'])) causes.push(fieldNotFound(`${at}.volumeMounts[${position}].name`, mount['name']));
        if (!mount['mountPath']) causes.push(fieldRequired(`${at}.volumeMounts[${position}].mountPath`));
      });
    });
  }
  const seen = new Set<unknown>();
  listAt(spec, 'volumes').forEach(({ name }, index) => {
    if (seen.has(name)) causes.push(fieldDuplicate(`${path}.volumes[${index}].name`, name));
    seen.add(name);
  });
  return causes;
}

/** The fields of a pod that may change: https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement */
function changeCauses(pod: UnstructuredObject, old: UnstructuredObject): readonly StatusCause[] {
  const fixed = (object: UnstructuredObject): unknown => {
    const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, nodeName: _node, terminationGracePeriodSeconds: _grace, schedulingGates: _gates, ephemeralContainers: _ephemeral, ...spec } = objectAt(object, 'spec') ?? {};
    const withoutImages = (key: string): unknown => listAt(spec, key).map(({ image: _image, resources: _resources, ...container }) => container);
    return { ...spec, containers: withoutImages('containers'), initContainers: withoutImages('initContainers') };
  };
  const causes: StatusCause[] = [];
  const node = objectAt(old, 'spec')?.['nodeName'];
  if (node && node !== objectAt(pod, 'spec')?.['nodeName']) causes.push(fieldForbidden('spec.nodeName', 'a pod stays on its node'));
  if (!deepEqual(fixed(pod), fixed(old))) {
    causes.push(
      fieldForbidden(
        'spec',
        'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
      ),
    );
  }
  return causes;
}
