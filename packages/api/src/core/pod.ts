import { boolean, freeObject, int32, int64, list, listMap, object, quantityMap, string, time, type Of } from '../schema/fields.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';
import { looseConditions } from '../schema/meta.ts';
import { podColumns } from './pod-columns.ts';
import { resources } from './container.ts';
import { podSpec } from './pod-spec.ts';

const containerState = object('Exactly one of its fields is set.', {
  waiting: object('Not running yet.', { reason: string('Why, in one word.'), message: string('Why, for people.') }),
  running: object('Running.', { startedAt: time('Since when.') }),
  terminated: object(
    'Has ended.',
    {
      exitCode: int32('Exit status of the process.'),
      signal: int32('Signal that ended it.'),
      reason: string('Completed, Error, OOMKilled ...'),
      message: string('Last words.'),
      startedAt: time('Since when it ran.', { nullable: true }),
      finishedAt: time('When it ended.', { nullable: true }),
      containerID: string('Id in the runtime.'),
    },
    ['exitCode'],
  ),
});
export interface ContainerState extends Of<typeof containerState> {}

const containerStatus = object(
  'The state of one container.',
  {
    name: string('Name of the container.'),
    state: containerState,
    lastState: containerState,
    ready: boolean('Passes its readiness probe.'),
    started: boolean('Has passed its startup probe.', { nullable: true }),
    restartCount: int32('How often it was restarted.'),
    image: string('Image that runs.'),
    imageID: string('Id of the image.'),
    containerID: string('Id in the runtime: type://id.'),
    allocatedResources: quantityMap('Resources set aside.'),
    resources,
    volumeMounts: list('Mounts as they are.', freeObject('A mount.')),
    user: freeObject('Identity of the process.'),
  },
  ['name', 'ready', 'restartCount', 'image', 'imageID'],
);
export interface ContainerStatus extends Of<typeof containerStatus> {}

export const podStatus = object('What is known of the pod.', {
  phase: string('Pending, Running, Succeeded, Failed or Unknown.'),
  observedGeneration: int64('The generation that the status is about.'),
  conditions: looseConditions,
  reason: string('Why the pod is in this state, in one word.'),
  message: string('Why, for people.'),
  hostIP: string('Address of the node.'),
  hostIPs: list('Addresses of the node.', object('An address.', { ip: string('The address.') })),
  podIP: string('Address of the pod.'),
  podIPs: listMap('Addresses of the pod.', ['ip'], object('An address.', { ip: string('The address.') }, ['ip'])),
  startTime: time('When the node took the pod on.', { nullable: true }),
  nominatedNodeName: string('Node that is being made free for the pod.'),
  qosClass: string('Guaranteed, Burstable or BestEffort.'),
  initContainerStatuses: list('State of the init containers.', containerStatus),
  containerStatuses: list('State of the containers.', containerStatus),
  ephemeralContainerStatuses: list('State of the ephemeral containers.', containerStatus),
  resize: string('State of a change of resources.'),
  resourceClaimStatuses: list('State of claims.', freeObject('A claim.')),
});
export interface PodStatus extends Of<typeof podStatus> {}

export const pods = builtinKind({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  namespaced: true,
  description: 'A group of containers that run together on one node.',
  fields: { spec: podSpec, status: podStatus },
  shortNames: ['po'],
  categories: ['all'],
  subresources: { status: true },
  selectableFields: ['.spec.nodeName', '.spec.restartPolicy', '.spec.schedulerName', '.spec.serviceAccountName', '.spec.hostNetwork', '.status.phase', '.status.podIP', '.status.nominatedNodeName'],
  columns: podColumns,
});
export interface Pod extends ObjectIn<typeof pods> {}

