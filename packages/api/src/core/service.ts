import { boolean, freeObject, int32, intOrString, list, listMap, object, oneOf, string, stringList, stringMap, type Of } from '../schema/fields.ts';
import { builtinKind, type ObjectIn } from '../schema/kind.ts';
import { conditions } from '../schema/meta.ts';

const servicePort = object(
  'A port of the Service.',
  {
    name: string('Name of the port; required when there are several.'),
    protocol: string('TCP, UDP or SCTP.', { default: 'TCP' }),
    appProtocol: string('Protocol that the application speaks.'),
    port: int32('Port of the Service.'),
    targetPort: intOrString('Port of the pods, or its name; `port` when absent.'),
    nodePort: int32('Port of every node.'),
  },
  ['port'],
);
export interface ServicePort extends Of<typeof servicePort> {}

const serviceSpec = object('What the Service offers.', {
  type: oneOf('How the Service is reached.', ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'], { default: 'ClusterIP' }),
  selector: stringMap('Labels of the pods that serve.', { 'x-kubernetes-map-type': 'atomic' }),
  ports: listMap('Ports of the Service.', ['port', 'protocol'], servicePort),
  clusterIP: string('Address in the cluster; None for a headless Service.'),
  clusterIPs: stringList('Addresses in the cluster.'),
  ipFamilies: stringList('IPv4, IPv6.'),
  ipFamilyPolicy: string('SingleStack, PreferDualStack or RequireDualStack.'),
  externalIPs: stringList('Further addresses that lead here.'),
  externalName: string('Name that the Service stands for, with type ExternalName.'),
  externalTrafficPolicy: string('Cluster or Local.'),
  internalTrafficPolicy: string('Cluster or Local.'),
  healthCheckNodePort: int32('Port for health checks of the load balancer.'),
  publishNotReadyAddresses: boolean('Name pods that are not ready, too.'),
  sessionAffinity: string('ClientIP or None.', { default: 'None' }),
  sessionAffinityConfig: freeObject('Settings of the session affinity.'),
  loadBalancerIP: string('Wanted address of the load balancer.'),
  loadBalancerClass: string('Class of the load balancer.'),
  loadBalancerSourceRanges: stringList('Who may connect.'),
  allocateLoadBalancerNodePorts: boolean('Give a load balancer node ports.'),
  trafficDistribution: string('Preference among endpoints.'),
});
export interface ServiceSpec extends Of<typeof serviceSpec> {}

export const services = builtinKind({
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  namespaced: true,
  description: 'A stable name and address for pods that serve the same thing.',
  fields: {
    spec: serviceSpec,
    status: object('What is known of the Service.', {
      conditions,
      loadBalancer: object('State of the load balancer.', {
        ingress: list(
          'Where the load balancer listens.',
          object('An entry point.', { ip: string('Address.'), hostname: string('Name.'), ipMode: string('VIP or Proxy.'), ports: list('Ports.', freeObject('A port.')) }),
        ),
      }),
    }),
  },
  shortNames: ['svc'],
  categories: ['all'],
  subresources: { status: true },
  selectableFields: ['.spec.clusterIP', '.spec.type'],
  columns: [
    { name: 'Type', type: 'string', description: 'How the Service is reached.', jsonPath: '.spec.type' },
    { name: 'Cluster-IP', type: 'string', description: 'Address in the cluster.', value: (s) => s.spec?.clusterIP || '<none>' },
    { name: 'External-IP', type: 'string', description: 'Address from outside.', value: (s) => externalAddress(s.spec, s.status?.loadBalancer?.ingress) },
    {
      name: 'Port(s)',
      type: 'string',
      description: 'Ports of the Service.',
      value: (s) =>
        (s.spec?.ports ?? [])
          .map((p) => `${p.port}${p.nodePort ? `:${p.nodePort}` : ''}/${p.protocol ?? 'TCP'}`)
          .join(',') || '<none>',
    },
    { name: 'Age', type: 'date', description: 'Time since creation.', jsonPath: '.metadata.creationTimestamp' },
    {
      name: 'Selector',
      type: 'string',
      priority: 1,
      description: 'Labels of the pods that serve.',
      value: (s) =>
        Object.entries(s.spec?.selector ?? {})
          .map(([key, value]) => `${key}=${value}`)
          .toSorted()
          .join(',') || '<none>',
    },
  ],
});
export interface Service extends ObjectIn<typeof services> {}

function externalAddress(
  spec: ServiceSpec | undefined,
  ingress: readonly { readonly ip?: string; readonly hostname?: string }[] = [],
): string {
  const external = spec?.externalIPs ?? [];
  switch (spec?.type) {
    case 'ExternalName':
      return spec.externalName || '<none>';
    case 'LoadBalancer': {
      const all = [...ingress.map((i) => i.ip || i.hostname || ''), ...external].filter(Boolean);
      return all.length > 0 ? all.join(',') : '<pending>';
    }
    default:
      return external.length > 0 ? external.join(',') : '<none>';
  }
}
