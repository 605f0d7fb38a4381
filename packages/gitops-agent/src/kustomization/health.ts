import type { KubeObject } from '@plinth/apimachinery';

/** How an object is doing, in the words of kstatus. */
export type Health = 'Current' | 'InProgress' | 'Failed' | 'Terminating';

interface Loose extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>> & { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[] };
}

/**
 * Whether the object has become what its spec says. A kind without any of the known signs is current as soon as it is
 * there, as with Flux.
 * https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md
 */
export function healthOf(object: KubeObject): Health {
  const loose = object as Loose;
  if (object.metadata.deletionTimestamp) return 'Terminating';
  const observed = loose.status?.['observedGeneration'];
  if (typeof observed === 'number' && object.metadata.generation !== undefined && observed !== object.metadata.generation) return 'InProgress';
  if (isTrue(loose, 'Reconciling')) return 'InProgress';
  if (isTrue(loose, 'Stalled')) return 'Failed';
  const rule = RULES[`${object.apiVersion.split('/')[0] ?? ''}/${object.kind}`] ?? genericHealth;
  return rule(loose);
}

const conditionOf = (object: Loose, type: string) => object.status?.conditions?.find((condition) => condition.type === type);
const isTrue = (object: Loose, type: string): boolean => conditionOf(object, type)?.status === 'True';
const numberOf = (from: Readonly<Record<string, unknown>> | undefined, field: string, absent = 0): number => {
  const value = from?.[field];
  return typeof value === 'number' ? value : absent;
};

/** Ready=False is no failure: kstatus waits for it. */
function genericHealth(object: Loose): Health {
  const ready = conditionOf(object, 'Ready');
  return ready === undefined || ready.status === 'True' ? 'Current' : 'InProgress';
}

function deploymentHealth(object: Loose): Health {
  if (conditionOf(object, 'Progressing')?.reason === 'ProgressDeadlineExceeded') return 'Failed';
  const wanted = numberOf(object.spec, 'replicas', 1);
  const { status } = object;
  const isDone =
    numberOf(status, 'observedGeneration') > 0 &&
    numberOf(status, 'updatedReplicas') >= wanted &&
    numberOf(status, 'replicas') <= Math.max(wanted, numberOf(status, 'updatedReplicas')) &&
    numberOf(status, 'availableReplicas') >= wanted &&
    numberOf(status, 'readyReplicas') >= wanted;
  return isDone ? 'Current' : 'InProgress';
}

function statefulSetHealth(object: Loose): Health {
  const wanted = numberOf(object.spec, 'replicas', 1);
  const { status } = object;
  const isOnDelete = (object.spec?.['updateStrategy'] as { readonly type?: string } | undefined)?.type === 'OnDelete';
  if (numberOf(status, 'observedGeneration') === 0) return 'InProgress';
  if (numberOf(status, 'replicas') !== wanted || numberOf(status, 'readyReplicas') < wanted) return 'InProgress';
  if (isOnDelete) return 'Current';
  return numberOf(status, 'updatedReplicas') >= wanted && status?.['currentRevision'] === status?.['updateRevision'] ? 'Current' : 'InProgress';
}

function replicaSetHealth(object: Loose): Health {
  if (isTrue(object, 'ReplicaFailure')) return 'InProgress';
  const wanted = numberOf(object.spec, 'replicas', 1);
  const { status } = object;
  return numberOf(status, 'availableReplicas') >= wanted && numberOf(status, 'readyReplicas') >= wanted && numberOf(status, 'replicas') === wanted ? 'Current' : 'InProgress';
}

function daemonSetHealth(object: Loose): Health {
  const { status } = object;
  const wanted = numberOf(status, 'desiredNumberScheduled', -1);
  if (wanted < 0 || numberOf(status, 'observedGeneration') === 0) return 'InProgress';
  return numberOf(status, 'updatedNumberScheduled') >= wanted && numberOf(status, 'numberAvailable') >= wanted && numberOf(status, 'numberReady') >= wanted ? 'Current' : 'InProgress';
}

function jobHealth(object: Loose): Health {
  if (isTrue(object, 'Failed')) return 'Failed';
  return isTrue(object, 'Complete') ? 'Current' : 'InProgress';
}

function podHealth(object: Loose): Health {
  const phase = object.status?.['phase'];
  if (phase === 'Succeeded') return 'Current';
  if (phase === 'Failed') return 'Failed';
  return phase === 'Running' && isTrue(object, 'Ready') ? 'Current' : 'InProgress';
}

function serviceHealth(object: Loose): Health {
  if (object.spec?.['type'] !== 'LoadBalancer') return 'Current';
  const ingress = (object.status?.['loadBalancer'] as { readonly ingress?: readonly unknown[] } | undefined)?.ingress;
  return ingress && ingress.length > 0 ? 'Current' : 'InProgress';
}

function crdHealth(object: Loose): Health {
  if (conditionOf(object, 'NamesAccepted')?.status === 'False') return 'Failed';
  return isTrue(object, 'Established') ? 'Current' : 'InProgress';
}

const RULES: Readonly<Record<string, (object: Loose) => Health>> = {
  'apps/Deployment': deploymentHealth,
  'apps/StatefulSet': statefulSetHealth,
  'apps/ReplicaSet': replicaSetHealth,
  'apps/DaemonSet': daemonSetHealth,
  'batch/Job': jobHealth,
  'v1/Pod': podHealth,
  'v1/Service': serviceHealth,
  'v1/PersistentVolumeClaim': (object) => (object.status?.['phase'] === 'Bound' ? 'Current' : 'InProgress'),
  'policy/PodDisruptionBudget': (object) => (numberOf(object.status, 'currentHealthy') >= numberOf(object.status, 'desiredHealthy') ? 'Current' : 'InProgress'),
  'apiextensions.k8s.io/CustomResourceDefinition': crdHealth,
};
