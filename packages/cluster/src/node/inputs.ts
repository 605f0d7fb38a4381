import type { Pod } from '@plinth/api';

export type InputKind = 'configmap' | 'secret' | 'claim';

/** The objects that a pod's containers and volumes read, as `configmap/name`, `secret/name`, `claim/name`. */
export function inputsOf(pod: Pod): ReadonlySet<string> {
  const inputs = new Set<string>();
  const add = (kind: InputKind, name: string | undefined): void => {
    if (name) inputs.add(`${kind}/${name}`);
  };
  for (const container of [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]) {
    for (const source of container.envFrom ?? []) {
      add('configmap', source.configMapRef?.name);
      add('secret', source.secretRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      add('configmap', valueFrom?.configMapKeyRef?.name);
      add('secret', valueFrom?.secretKeyRef?.name);
    }
  }
  for (const volume of pod.spec?.volumes ?? []) {
    add('configmap', volume.configMap?.name);
    add('secret', volume.secret?.secretName);
    add('claim', volume.persistentVolumeClaim?.claimName);
    for (const source of volume.projected?.sources ?? []) {
      add('configmap', source.configMap?.name);
      add('secret', source.secret?.name);
    }
  }
  return inputs;
}
