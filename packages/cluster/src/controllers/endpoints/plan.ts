import type { Endpoints, EndpointSlice, Pod, Service } from '@plinth/api';
import { isPodFinished, isPodReady } from '../../objects/pod.ts';
import { controllerReference } from '../../objects/owner.ts';
import { services } from '@plinth/api';
import type { ServicePort } from '../../objects/types.ts';

type Subset = NonNullable<Endpoints['subsets']>[number];
type Address = NonNullable<Subset['addresses']>[number];

/** The Endpoints of a Service with a selector: its pods that have an address, ready ones apart from the others. */
export function planEndpoints(service: Service, pods: readonly Pod[]): Endpoints {
  const all = service.spec?.publishNotReadyAddresses === true;
  const ready = new Map<string, { ports: NonNullable<Subset['ports']>; addresses: Address[]; notReadyAddresses: Address[] }>();
  for (const pod of pods.toSorted((left, right) => left.metadata.name.localeCompare(right.metadata.name))) {
    if (!pod.status?.podIP || isPodFinished(pod)) continue;
    const isReady = (isPodReady(pod) && !pod.metadata.deletionTimestamp) || all;
    if (!isReady && pod.metadata.deletionTimestamp) continue;
    const ports = portsOf(service, pod);
    if (!ports) continue;
    const key = JSON.stringify(ports);
    let subset = ready.get(key);
    if (!subset) ready.set(key, (subset = { ports, addresses: [], notReadyAddresses: [] }));
    (isReady ? subset.addresses : subset.notReadyAddresses).push(addressOf(service, pod));
  }
  const subsets = [...ready.values()].map(({ addresses, notReadyAddresses, ports }) => ({
    ...(addresses.length > 0 ? { addresses } : {}),
    ...(notReadyAddresses.length > 0 ? { notReadyAddresses } : {}),
    ...(ports.length > 0 ? { ports } : {}),
  }));
  const { name, namespace, labels } = service.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name, namespace: namespace!, labels: { ...labels, [MANAGED_BY]: 'endpoint-controller' } },
    ...(subsets.length > 0 ? { subsets } : {}),
  } as Endpoints;
}

/** Endpoints that we made; those of others (of Services without a selector) are left alone. */
export const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';

/** The same addresses as EndpointSlices, which newer clients read: one per group of ports. */
export function planEndpointSlices(service: Service, endpoints: Endpoints): readonly EndpointSlice[] {
  const { name, namespace, labels } = service.metadata;
  return (endpoints.subsets ?? []).map((subset, index) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${index}`,
      namespace: namespace!,
      labels: { ...labels, 'kubernetes.io/service-name': name, 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' },
      ownerReferences: [controllerReference(services, service)],
    },
    addressType: 'IPv4',
    endpoints: [
      ...(subset.addresses ?? []).map((address) => endpointOf(address, true)),
      ...(subset.notReadyAddresses ?? []).map((address) => endpointOf(address, false)),
    ],
    ports: (subset.ports ?? []).map((port) => ({ ...port, name: port.name ?? '', protocol: port.protocol ?? 'TCP' })),
  })) as unknown as readonly EndpointSlice[];
}

const endpointOf = (address: Address, ready: boolean) => ({
  addresses: [address.ip],
  conditions: { ready, serving: ready, terminating: false },
  ...(address.hostname ? { hostname: address.hostname } : {}),
  ...(address.nodeName ? { nodeName: address.nodeName } : {}),
  ...(address.targetRef ? { targetRef: address.targetRef } : {}),
});

function addressOf(service: Service, pod: Pod): Address {
  const { name, namespace, uid } = pod.metadata;
  const hasHostname = pod.spec?.hostname && pod.spec.subdomain === service.metadata.name;
  return {
    ip: pod.status!.podIP!,
    ...(hasHostname ? { hostname: pod.spec.hostname } : {}),
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: 'Pod', namespace: namespace!, name, uid: uid! },
  };
}

/** Undefined when a port is named and the pod has none of that name. */
function portsOf(service: Service, pod: Pod): NonNullable<Subset['ports']> | undefined {
  const ports: { name?: string; port: number; protocol: string; appProtocol?: string }[] = [];
  for (const port of service.spec?.ports ?? []) {
    const number = targetPort(port, pod);
    if (number === undefined) return undefined;
    ports.push({ ...(port.name ? { name: port.name } : {}), port: number, protocol: port.protocol ?? 'TCP', ...(port.appProtocol ? { appProtocol: port.appProtocol } : {}) });
  }
  return ports;
}

function targetPort({ targetPort: target, port }: ServicePort, pod: Pod): number | undefined {
  if (target === undefined || target === 0 || target === '') return port;
  if (typeof target === 'number') return target;
  for (const container of pod.spec?.containers ?? []) {
    const named = container.ports?.find((each) => each.name === target);
    if (named) return named.containerPort;
  }
  return undefined;
}
