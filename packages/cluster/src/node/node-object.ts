import { leases, nodes, type Lease, type Node } from '@plinth/api';
import { isAlreadyExists } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import type { Clock, Logger } from '@plinth/controller-runtime';
import { arch, availableParallelism, hostname, release, totalmem, type as osType } from 'node:os';
import { microTimeOf, timeOf } from '../objects/time.ts';

export interface NodeObjectOptions {
  readonly client: Client;
  readonly nodeName: string;
  readonly nodeIP: string;
  readonly podCidr: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Says that the node is there and ready, and renews its lease now and then: seldom, for nobody else could take over. */
export async function keepNodeObject(options: NodeObjectOptions): Promise<void> {
  await ensureNode(options);
  await renewLease(options);
  const again = (): void => {
    const cancel = options.clock.setTimeout(() => {
      options.signal.removeEventListener('abort', cancel);
      renewLease(options)
        .catch((err: unknown) => options.log.warn({ kind: 'Lease', name: options.nodeName, err }, 'renewing the lease of the node failed'))
        .finally(() => {
          if (!options.signal.aborted) again();
        });
    }, HEARTBEAT_MS);
    options.signal.addEventListener('abort', cancel, { once: true });
  };
  if (!options.signal.aborted) again();
}

const HEARTBEAT_MS = 5 * 60_000;

async function ensureNode({ client, nodeName, nodeIP, podCidr, clock }: NodeObjectOptions): Promise<void> {
  const labels = {
    'beta.kubernetes.io/arch': goArch(),
    'beta.kubernetes.io/os': process.platform,
    'kubernetes.io/arch': goArch(),
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': process.platform,
    'node-role.kubernetes.io/control-plane': '',
  };
  const spec = { podCIDR: podCidr, podCIDRs: [podCidr] };
  let node = await client.find<Node>(nodes, { name: nodeName });
  if (!node) {
    try {
      node = await client.create<Node>(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName, labels }, spec });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      node = await client.get<Node>(nodes, { name: nodeName });
    }
  }
  const resources = { cpu: String(availableParallelism()), memory: `${Math.floor(totalmem() / 1024)}Ki`, pods: '10000' };
  const at = timeOf(clock.now());
  const condition = (type: string, status: 'True' | 'False', reason: string, message: string) => {
    const before = node.status?.conditions?.find((each) => each.type === type && each.status === status);
    return { type, status, reason, message, lastHeartbeatTime: at, lastTransitionTime: before?.lastTransitionTime ?? at };
  };
  const status = {
    addresses: [
      { type: 'InternalIP', address: nodeIP },
      { type: 'Hostname', address: nodeName },
    ],
    capacity: resources,
    allocatable: resources,
    conditions: [
      condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
      condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
      condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
      condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
    ],
    nodeInfo: {
      architecture: goArch(),
      bootID: '',
      containerRuntimeVersion: `plinth://${process.versions.node}`,
      kernelVersion: release(),
      kubeProxyVersion: '',
      kubeletVersion: 'v1.35.0',
      machineID: hostname(),
      operatingSystem: process.platform,
      osImage: osType(),
      systemUUID: '',
    },
  };
  await client.patch(nodes, { name: nodeName }, 'merge', { status }, { subresource: 'status' });
}

const goArch = (): string => ({ x64: 'amd64', arm64: 'arm64' })[arch() as 'x64' | 'arm64'] ?? arch();

async function renewLease({ client, nodeName, clock }: NodeObjectOptions): Promise<void> {
  const key = { namespace: 'kube-node-lease', name: nodeName };
  const renewTime = microTimeOf(clock.now());
  if (await client.find<Lease>(leases, key)) {
    await client.patch(leases, key, 'merge', { spec: { renewTime } });
    return;
  }
  await client.create<Lease>(leases, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: key,
    spec: { holderIdentity: nodeName, leaseDurationSeconds: (HEARTBEAT_MS * 3) / 1000, renewTime },
  });
}
