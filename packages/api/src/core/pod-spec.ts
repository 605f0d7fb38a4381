import { boolean, int32, int64, list, listMap, named, object, string, stringList, stringMap, quantityMap, type Of } from '../schema/fields.ts';
import { labelSelector, localReference, templateMeta } from '../schema/meta.ts';
import { container, ephemeralContainer, podSecurityContext, resources } from './container.ts';
import { volume } from './volumes.ts';

const nodeRequirement = object(
  'A requirement on a node.',
  { key: string('Label or field.'), operator: string('In, NotIn, Exists, DoesNotExist, Gt or Lt.'), values: stringList('Values.') },
  ['key', 'operator'],
);
const nodeSelectorTerm = object('All of its requirements must hold.', {
  matchExpressions: list('Requirements on labels.', nodeRequirement),
  matchFields: list('Requirements on fields.', nodeRequirement),
});
export const nodeSelector = object(
  'One of its terms must hold.',
  { nodeSelectorTerms: list('The terms.', nodeSelectorTerm) },
  ['nodeSelectorTerms'],
  { 'x-kubernetes-map-type': 'atomic' },
);
export const nodeAffinity = object('On which nodes the pod may run.', {
  requiredDuringSchedulingIgnoredDuringExecution: nodeSelector,
  preferredDuringSchedulingIgnoredDuringExecution: list(
    'Preferences.',
    object('A preference.', { weight: int32('1 to 100.'), preference: nodeSelectorTerm }, ['weight', 'preference']),
  ),
});

const podAffinityTerm = object(
  'The pods to be near to, or away from.',
  {
    labelSelector,
    matchLabelKeys: stringList('Label keys whose values must equal those of the new pod.'),
    mismatchLabelKeys: stringList('Label keys whose values must differ.'),
    namespaces: stringList('Namespaces of the pods; the own one when absent.'),
    namespaceSelector: labelSelector,
    topologyKey: string('Node label whose values make up a place.'),
  },
  ['topologyKey'],
);
const podAffinity = (description: string) =>
  object(description, {
    requiredDuringSchedulingIgnoredDuringExecution: list('Must hold.', podAffinityTerm),
    preferredDuringSchedulingIgnoredDuringExecution: list(
      'Preferences.',
      object('A preference.', { weight: int32('1 to 100.'), podAffinityTerm }, ['weight', 'podAffinityTerm']),
    ),
  });

export const affinity = named(
  'io.k8s.api.core.v1.Affinity',
  object('Where the pod may or should run.', {
    nodeAffinity,
    podAffinity: podAffinity('Pods to be near to.'),
    podAntiAffinity: podAffinity('Pods to stay away from.'),
  }),
);

export const toleration = named(
  'io.k8s.api.core.v1.Toleration',
  object('A taint of a node that the pod bears.', {
    key: string('Key of the taint; empty for all.'),
    operator: string('Exists or Equal.'),
    value: string('Value of the taint.'),
    effect: string('NoSchedule, PreferNoSchedule or NoExecute; empty for all.'),
    tolerationSeconds: int64('How long a NoExecute taint is borne.'),
  }),
);
export interface Toleration extends Of<typeof toleration> {}

export const topologySpread = object(
  'How pods are spread over places.',
  {
    maxSkew: int32('The largest difference in the number of pods.'),
    topologyKey: string('Node label whose values make up a place.'),
    whenUnsatisfiable: string('DoNotSchedule or ScheduleAnyway.'),
    labelSelector,
    minDomains: int32('The least number of places.'),
    nodeAffinityPolicy: string('Honor or Ignore.'),
    nodeTaintsPolicy: string('Honor or Ignore.'),
    matchLabelKeys: stringList('Label keys to count by.'),
  },
  ['maxSkew', 'topologyKey', 'whenUnsatisfiable'],
);

const byName = { 'x-kubernetes-patch-merge-key': 'name' } as const;

export const podSpec = named(
  'io.k8s.api.core.v1.PodSpec',
  object(
    'What runs in the pod, and how.',
    {
      containers: listMap('The containers; at least one.', ['name'], container),
      initContainers: listMap('Containers that run to their end, one after the other, before the others start.', ['name'], container),
      ephemeralContainers: listMap('Containers added for a look inside.', ['name'], ephemeralContainer),
      volumes: listMap('Storage for the containers.', ['name'], volume, { ...byName, 'x-kubernetes-patch-strategy': 'merge,retainKeys' }),
      restartPolicy: string('Always, OnFailure or Never.', { default: 'Always' }),
      terminationGracePeriodSeconds: int64('Seconds between the request to end and the kill.', { default: 30 }),
      activeDeadlineSeconds: int64('Seconds after which the pod is failed.'),
      dnsPolicy: string('ClusterFirst, ClusterFirstWithHostNet, Default or None.', { default: 'ClusterFirst' }),
      dnsConfig: object('Additions to the name resolution.', {
        nameservers: stringList('Addresses of name servers.'),
        searches: stringList('Search domains.'),
        options: list('Resolver options.', object('An option.', { name: string('Name.'), value: string('Value.') })),
      }),
      nodeSelector: stringMap('Labels that the node must have.', { 'x-kubernetes-map-type': 'atomic' }),
      nodeName: string('The node that runs the pod.'),
      serviceAccountName: string('The ServiceAccount that the pod acts as.'),
      serviceAccount: string('Old name of serviceAccountName.'),
      automountServiceAccountToken: boolean('Give the containers a token of the ServiceAccount.'),
      securityContext: podSecurityContext,
      imagePullSecrets: listMap('Secrets for pulling images.', ['name'], localReference),
      hostNetwork: boolean('Use the network of the host.'),
      hostPID: boolean('Use the process ids of the host.'),
      hostIPC: boolean('Use the IPC of the host.'),
      hostUsers: boolean('Use the user ids of the host.'),
      hostname: string('Host name of the pod.'),
      hostnameOverride: string('Host name as the pod itself sees it.'),
      subdomain: string('Subdomain of the host name.'),
      setHostnameAsFQDN: boolean('Use the full name as the host name.'),
      hostAliases: listMap('Lines for /etc/hosts.', ['ip'], object('A line.', { ip: string('Address.'), hostnames: stringList('Names.') }, ['ip'])),
      shareProcessNamespace: boolean('Containers see the processes of each other.'),
      affinity,
      tolerations: list('Taints that the pod bears.', toleration),
      topologySpreadConstraints: listMap('How pods are spread over places.', ['topologyKey', 'whenUnsatisfiable'], topologySpread),
      schedulerName: string('The scheduler that places the pod.', { default: 'default-scheduler' }),
      schedulingGates: listMap('What must be removed before the pod is scheduled.', ['name'], object('A gate.', { name: string('Name.') }, ['name'])),
      priorityClassName: string('Name of the PriorityClass.'),
      priority: int32('Priority, from the class.'),
      preemptionPolicy: string('PreemptLowerPriority or Never.'),
      runtimeClassName: string('Name of the RuntimeClass.'),
      enableServiceLinks: boolean('Tell the containers about Services by environment variables.', { default: true }),
      readinessGates: list('Further conditions of readiness.', object('A condition.', { conditionType: string('Type.') }, ['conditionType'])),
      overhead: quantityMap('Resources that the runtime itself needs.'),
      os: object('Operating system of the containers.', { name: string('linux or windows.') }, ['name']),
      resourceClaims: listMap('Claims of devices.', ['name'], object('A claim.', { name: string('Name.'), resourceClaimName: string('The claim.'), resourceClaimTemplateName: string('The template.') }, ['name'])),
      resources,
    },
    ['containers'],
  ),
);
export interface PodSpec extends Of<typeof podSpec> {}

export const podTemplate = named(
  'io.k8s.api.core.v1.PodTemplateSpec',
  object('The pod to make.', { metadata: templateMeta, spec: podSpec }),
);
export interface PodTemplateSpec extends Of<typeof podTemplate> {}

