import type { Pod } from '@plinth/api';
import { parseQuantity, quantityMilliValue, quantityValue } from '@plinth/apimachinery';
import { availableParallelism, totalmem } from 'node:os';
import type { Container } from '../objects/types.ts';
import { ContainerConfigError } from './errors.ts';

export interface PodPlace {
  readonly podIP: string;
  readonly nodeIP: string;
  readonly nodeName: string;
}

/** The value of a field of the pod, as `fieldRef` names it. Labels and annotations as a whole are `key="value"` lines. */
export function fieldValue(pod: Pod, path: string, place: PodPlace): string {
  const { metadata, spec } = pod;
  const member = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (member) return metadata[member[1] as 'labels' | 'annotations']?.[member[2]!] ?? '';
  switch (path) {
    case 'metadata.name':
      return metadata.name;
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid ?? '';
    case 'metadata.labels':
      return lines(metadata.labels);
    case 'metadata.annotations':
      return lines(metadata.annotations);
    case 'spec.nodeName':
      return place.nodeName;
    case 'spec.serviceAccountName':
      return spec?.serviceAccountName ?? 'default';
    case 'status.hostIP':
    case 'status.hostIPs':
      return place.nodeIP;
    case 'status.podIP':
    case 'status.podIPs':
      return place.podIP;
    default:
      throw new ContainerConfigError(`field path ${JSON.stringify(path)} is not one that a container can be told`);
  }
}

const lines = (map: Readonly<Record<string, string>> | undefined): string =>
  Object.entries(map ?? {})
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');

export interface ResourceReference {
  readonly containerName?: string;
  readonly resource: string;
  readonly divisor?: string | number;
}

/** `limits.memory` and the like, in units of the divisor, rounded up. Without a limit: what the machine has. */
export function resourceValue(pod: Pod, self: Container, reference: ResourceReference): string {
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  const container = reference.containerName ? all.find((each) => each.name === reference.containerName) : self;
  if (!container) throw new ContainerConfigError(`container ${JSON.stringify(reference.containerName)} not found in the pod`);
  const [kind, ...rest] = reference.resource.split('.');
  const name = rest.join('.');
  if (kind !== 'limits' && kind !== 'requests') throw new ContainerConfigError(`unsupported container resource: ${reference.resource}`);
  const amount = container.resources?.[kind]?.[name] ?? (kind === 'limits' ? machineHas(name) : 0);
  const divisor = parseQuantity(reference.divisor || 1);
  const quantity = parseQuantity(amount);
  const value = name === 'cpu' ? quantityMilliValue(quantity) / quantityMilliValue(divisor) : quantityValue(quantity) / quantityValue(divisor);
  return String(Math.ceil(value));
}

const machineHas = (name: string): number => (name === 'cpu' ? availableParallelism() : name === 'memory' ? totalmem() : 0);
