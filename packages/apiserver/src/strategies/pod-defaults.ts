import { ensureObject, fillIn, ownItems, type Members } from './members.ts';

/** What a pod's spec gets when its author says nothing, beyond what the schema's defaults say. */
export function defaultPodSpec(spec: Members): void {
  fillIn(spec, { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', schedulerName: 'default-scheduler', terminationGracePeriodSeconds: 30, securityContext: {} });
  // The older name of the same field; clients still read it.
  if (spec['serviceAccountName'] === undefined && spec['serviceAccount'] !== undefined) spec['serviceAccountName'] = spec['serviceAccount'];
  if (spec['serviceAccountName']) spec['serviceAccount'] = spec['serviceAccountName'];
  for (const key of ['initContainers', 'containers', 'ephemeralContainers']) for (const container of ownItems(spec, key)) defaultContainer(container);
  for (const volume of ownItems(spec, 'volumes')) defaultVolume(volume);
}

function defaultContainer(container: Members): void {
  fillIn(container, { terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File', resources: {} });
  container['imagePullPolicy'] ??= pullPolicyOf(String(container['image'] ?? ''));
  for (const port of ownItems(container, 'ports')) fillIn(port, { protocol: 'TCP' });
  const resources = container['resources'];
  if (typeof resources === 'object' && resources !== null && 'limits' in resources) {
    // What is limited and not asked for counts as asked for.
    const own = ensureObject(container, 'resources');
    own['requests'] = { ...(own['limits'] as object), ...(own['requests'] as object | undefined) };
  }
}

/** https://kubernetes.io/docs/concepts/containers/images/#imagepullpolicy-defaulting */
function pullPolicyOf(image: string): string {
  if (image.includes('@')) return 'IfNotPresent';
  const name = image.slice(image.lastIndexOf('/') + 1);
  const tag = name.includes(':') ? name.slice(name.indexOf(':') + 1) : 'latest';
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

const MODE = 0o644;

function defaultVolume(volume: Members): void {
  const sources = Object.keys(volume).filter((key) => key !== 'name');
  if (sources.length === 0) volume['emptyDir'] = {};
  for (const key of ['configMap', 'secret', 'downwardAPI', 'projected']) {
    if (volume[key] !== undefined) fillIn(ensureObject(volume, key), { defaultMode: MODE });
  }
  if (volume['hostPath'] !== undefined) fillIn(ensureObject(volume, 'hostPath'), { type: '' });
}

/** Whether the pod's resources are guaranteed, limited or neither: `status.qosClass`. */
export function qosClassOf(containers: readonly Readonly<Members>[]): string {
  const quantities = (container: Readonly<Members>, key: string): Readonly<Members> => {
    const resources = (container['resources'] ?? {}) as Readonly<Members>;
    return (resources[key] ?? {}) as Readonly<Members>;
  };
  const any = containers.some((container) => ['requests', 'limits'].some((key) => Object.keys(quantities(container, key)).some((name) => name === 'cpu' || name === 'memory')));
  if (!any) return 'BestEffort';
  const guaranteed = containers.every((container) =>
    ['cpu', 'memory'].every((name) => {
      const limit = quantities(container, 'limits')[name];
      return limit !== undefined && String(limit) === String(quantities(container, 'requests')[name] ?? limit);
    }),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
