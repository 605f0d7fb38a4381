import { boolean, freeObject, int32, int64, list, listMap, object, quantityMap, set, field, string, stringList, time } from '../schema/fields.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';
import { looseConditions } from '../schema/meta.ts';

const text = (description: string) => string(description);

export const nodes = builtinKind({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
  description: 'A machine, or what acts as one, that runs pods.',
  fields: {
    spec: object('Settings of the node.', {
      podCIDR: string('Addresses for pods.'),
      podCIDRs: set('Addresses for pods.', field<string>({ type: 'string' })),
      providerID: string('Id of the machine at its provider.'),
      unschedulable: boolean('No new pods.'),
      taints: list('Taints that keep pods away.', object('A taint.', { key: string('Key.'), value: string('Value.'), effect: string('NoSchedule, PreferNoSchedule or NoExecute.'), timeAdded: time('Since when.') }, ['key', 'effect'])),
    }),
    status: object('What is known of the node.', {
      capacity: quantityMap('Resources that there are.'),
      allocatable: quantityMap('Resources for pods.'),
      phase: string('No longer used.'),
      conditions: looseConditions,
      addresses: listMap('Addresses of the node.', ['type'], object('An address.', { type: string('Hostname, InternalIP ...'), address: string('The address.') }, ['type', 'address'])),
      daemonEndpoints: object('Ports of the node agent.', { kubeletEndpoint: object('The agent.', { Port: int32('Port.') }, ['Port']) }),
      nodeInfo: object('What the node is.', {
        machineID: text('Machine id.'), systemUUID: text('System UUID.'), bootID: text('Boot id.'), kernelVersion: text('Kernel.'), osImage: text('System.'),
        containerRuntimeVersion: text('Runtime.'), kubeletVersion: text('Version of the agent.'), kubeProxyVersion: text('Version of the proxy.'),
        operatingSystem: text('linux, darwin ...'), architecture: text('amd64, arm64 ...'), swap: freeObject('Swap.'),
      }),
      images: list('Images on the node.', object('An image.', { names: stringList('Names.'), sizeBytes: int64('Size in bytes.') })),
      volumesInUse: stringList('Volumes in use.'),
      volumesAttached: list('Volumes attached.', freeObject('A volume.')),
      config: freeObject('Configuration in use.'),
      features: freeObject('Features of the runtime.'),
      runtimeHandlers: list('Runtimes.', freeObject('A runtime.')),
    }),
  },
  shortNames: ['no'],
  subresources: { status: true },
  selectableFields: ['.spec.unschedulable'],
  columns: [
    {
      name: 'Status',
      type: 'string',
      description: 'Whether the node is ready.',
      value: (n) => {
        const ready = n.status?.conditions?.find((c) => c.type === 'Ready');
        const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
        return n.spec?.unschedulable ? `${word},SchedulingDisabled` : word;
      },
    },
    {
      name: 'Roles',
      type: 'string',
      description: 'Roles of the node.',
      value: (n) =>
        Object.keys(n.metadata.labels ?? {})
          .filter((key) => key.startsWith('node-role.kubernetes.io/'))
          .map((key) => key.slice('node-role.kubernetes.io/'.length))
          .toSorted()
          .join(',') || '<none>',
    },
    { name: 'Age', type: 'date', description: 'Time since creation.', jsonPath: '.metadata.creationTimestamp' },
    { name: 'Version', type: 'string', description: 'Version of the agent.', jsonPath: '.status.nodeInfo.kubeletVersion' },
    { name: 'Internal-IP', type: 'string', priority: 1, description: 'Address in the cluster.', value: (n) => n.status?.addresses?.find((a) => a.type === 'InternalIP')?.address ?? '<none>' },
    { name: 'External-IP', type: 'string', priority: 1, description: 'Address from outside.', value: (n) => n.status?.addresses?.find((a) => a.type === 'ExternalIP')?.address ?? '<none>' },
    { name: 'OS-Image', type: 'string', priority: 1, description: 'System.', value: (n) => n.status?.nodeInfo?.osImage || '<unknown>' },
    { name: 'Kernel-Version', type: 'string', priority: 1, description: 'Kernel.', value: (n) => n.status?.nodeInfo?.kernelVersion || '<unknown>' },
    { name: 'Container-Runtime', type: 'string', priority: 1, description: 'Runtime.', value: (n) => n.status?.nodeInfo?.containerRuntimeVersion || '<unknown>' },
  ],
});
export interface Node extends ObjectIn<typeof nodes> {}
