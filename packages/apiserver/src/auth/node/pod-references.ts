import { isJsonObject, type UnstructuredObject } from '@plinth/apimachinery';

/** What a pod names in its namespace, and its node therefore has to read: `secrets/NAME`, `configmaps/NAME` ... */
export function podReferences(pod: UnstructuredObject): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (plural: string, name: unknown): void => {
    if (typeof name === 'string' && name !== '') found.add(`${plural}/${name}`);
  };
  const spec = isJsonObject(pod['spec']) ? pod['spec'] : {};
  add('serviceaccounts', spec['serviceAccountName'] || 'default');
  // The node agent puts it beside every service-account token.
  add('configmaps', 'kube-root-ca.crt');
  for (const secret of list(spec['imagePullSecrets'])) add('secrets', secret['name']);
  for (const volume of list(spec['volumes'])) {
    for (const source of [volume, ...list(member(volume, 'projected')['sources'])]) {
      add('secrets', member(source, 'secret')['secretName'] ?? member(source, 'secret')['name']);
      add('configmaps', member(source, 'configMap')['name']);
    }
    add('persistentvolumeclaims', member(volume, 'persistentVolumeClaim')['claimName']);
    if (volume['ephemeral'] !== undefined) add('persistentvolumeclaims', `${pod.metadata.name}-${String(volume['name'])}`);
  }
  for (const field of ['initContainers', 'containers', 'ephemeralContainers']) {
    for (const container of list(spec[field])) {
      for (const source of list(container['envFrom'])) {
        add('secrets', member(source, 'secretRef')['name']);
        add('configmaps', member(source, 'configMapRef')['name']);
      }
      for (const variable of list(container['env'])) {
        const source = member(variable, 'valueFrom');
        add('secrets', member(source, 'secretKeyRef')['name']);
        add('configmaps', member(source, 'configMapKeyRef')['name']);
      }
    }
  }
  return found;
}

type Members = Readonly<Record<string, unknown>>;
const list = (value: unknown): readonly Members[] => (Array.isArray(value) ? value.filter(isJsonObject) : []);
const member = (object: Members, name: string): Members => {
  const value = object[name];
  return isJsonObject(value) ? value : {};
};
