import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { configMaps, nodes, persistentVolumeClaims, pods, secrets, services, type Node, type Service } from '@plinth/api';
import type { ApiServer, UserInfo } from '@plinth/apiserver';
import type { Client } from '@plinth/client';
import { createCache, defaultLogger, systemClock, writeThrough, type Cache, type Clock, type Logger } from '@plinth/controller-runtime';
import type { ControllerContext } from './controllers/controller-context.ts';
import { startCronJobController } from './controllers/cron-job/reconciler.ts';
import { startDeploymentController } from './controllers/deployment/reconciler.ts';
import { startDisruptionBudgetController } from './controllers/disruption-budget/reconciler.ts';
import { startEndpointsController } from './controllers/endpoints/reconciler.ts';
import { startEventExpiry } from './controllers/event-expiry/event-expiry.ts';
import { startGarbageCollector } from './controllers/garbage-collector/reconciler.ts';
import { DEFAULT_JOB_LIMITS } from './controllers/job/plan.ts';
import { startJobController } from './controllers/job/reconciler.ts';
import { startNamespaceController } from './controllers/namespace/reconciler.ts';
import { startReplicaSetController } from './controllers/replica-set/reconciler.ts';
import { startStatefulSetController } from './controllers/stateful-set/reconciler.ts';
import { startVolumeClaimController } from './controllers/volume-claim/reconciler.ts';
import { createEventRecorder, type EventRecorder } from './events/recorder.ts';
import { startIngressController, type IngressOptions } from './ingress/ingress-controller.ts';
import { followInventory } from './inventory/inventory.ts';
import { createAddressBlock } from './node/address-block.ts';
import { RESTART_BACKOFF } from './node/container-record.ts';
import { startNodeAgent } from './node/node-agent.ts';
import { keepNodeObject } from './node/node-object.ts';
import { ensureNodeDirectories } from './node/pod-directory.ts';
import { startServiceProxy } from './proxy/service-proxy.ts';
import type { ImageCatalogue } from './runtime/catalogue.ts';
import { createEngineFinder } from './runtime/container/find-engine.ts';
import { removeLeftContainers } from './runtime/container/run-container.ts';
import type { SpareTool } from './runtime/host/spare-tools.ts';
import { createStepPool, type StepPoolOptions } from './runtime/step/step-pool.ts';
import { placePod } from './scheduler/plan.ts';
import { startScheduler } from './scheduler/scheduler.ts';

export interface ClusterOptions {
  /** Of the cluster, and of its only node. */
  readonly name: string;
  /** In this process; stays the caller's. */
  readonly server: Pick<ApiServer, 'setPodLogs'>;
  /** A client in process that acts as this user: `createClient(server.transport(user))`. */
  readonly clientFor: (user: UserInfo) => Client;
  /** Pods, logs and volumes are kept below; the cluster's own. */
  readonly dataDir: string;
  /** How images run. */
  readonly catalogue: ImageCatalogue;
  /** Loopback addresses of pods, `127.B.0.0/17`. */
  readonly podCidr: string;
  /** Loopback addresses of Services, `127.B.128.0/17`; the API server hands them out. */
  readonly serviceCidr: string;
  /** Where containers find the API server; absent: they are not told. */
  readonly apiAddress?: { readonly host: string; readonly port: number };
  /** PEM of the API server's authority: `kube-root-ca.crt` in every namespace. */
  readonly caCertificate?: string;
  /** Where requests from outside arrive for the Ingresses of this cluster. Absent: nobody serves them. */
  readonly ingress?: IngressOptions;
  /** Absent: this node runs no steps. See {@link StepPoolOptions}. */
  readonly steps?: Omit<StepPoolOptions, 'clock'>;
  /** Directories of this machine with tools for commands (`kubectl`, `yq`), put in front of their path. */
  readonly toolDirectories?: readonly string[];
  /** Programs to take for tools that commands call and this machine lacks. Default none. */
  readonly spareTools?: readonly SpareTool[];
  /** Directories of this machine that no command sees, wherever they are: keys, other pods. Default: `dataDir`. */
  readonly hiddenDirectories?: readonly string[];
  /** Unix sockets at which a container engine (Docker, Podman) may answer, in order. Default none. */
  readonly engineSockets?: readonly string[];
  /** Directories of this machine that `hostPath` volumes may show. Default none. */
  readonly allowedHostPaths?: readonly string[];
  /** Of containers that are started again and of pods that Jobs make again, in ms. Default 10 s, as in Kubernetes. */
  readonly backoffBaseMs?: number;
  /** For containers to end in when the cluster stops, in ms. Default 4 s. */
  readonly shutdownGraceMs?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly log?: Logger;
  /** Stops the cluster like disposal does; dispose nevertheless, to know when it has stopped. */
  readonly signal?: AbortSignal;
}

export interface Cluster extends AsyncDisposable {
  /** All that the controllers read; for the API server's own process only. */
  readonly cache: Cache;
  /** Where Ingresses are served; undefined when nobody does, or the port is somebody else's at present. */
  readonly ingressPort: number | undefined;
}

/**
 * Makes an API server a cluster: workload controllers, garbage collector, scheduler, node agent, service proxy.
 *
 * Guarantees: everything is found again after a crash: what the API says and what is on disk is all that counts. Resolves
 * when all of it works. Disposal ends containers in order (programs get their signal, with `NodeShutdown` as reason), then
 * the controllers; pods stay in the API as they are, and the next start takes them up again.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { name, clientFor, dataDir, clock = systemClock, random = Math.random, log = defaultLogger } = options;
  await using undo = new AsyncDisposableStack();
  const stopping = new AbortController();
  const { signal } = stopping;
  undo.defer(() => stopping.abort());

  const manager = clientFor(systemUser('system:kube-controller-manager'));
  const cache = undo.use(createCache(manager, { signal, clock, random, log }));
  const as = (user: UserInfo): Client => writeThrough(clientFor(user), (resource, object) => cache.observed(resource, object));
  const node = as({ name: `system:node:${name}`, groups: ['system:nodes', 'system:authenticated'] });
  const recorder = (client: Client, component: string, host?: string): EventRecorder =>
    createEventRecorder({ client, component, clock, log, signal, ...(host ? { host } : {}) });
  const nodeInformer = cache.informer<Node>(nodes);
  const context: ControllerContext = { cache, clock, random, log, signal, events: (component) => recorder(manager, component), place: (pod) => placePod(pod, nodeInformer.get({ name })) };
  const directories = ensureNodeDirectories(dataDir);
  const baseMs = options.backoffBaseMs ?? RESTART_BACKOFF.baseMs;

  // Asked for first, so that all of them list at once.
  for (const kind of [pods, services, secrets, configMaps, persistentVolumeClaims]) cache.informer(kind);
  const serviceInformer = cache.informer<Service>(services);
  const inventory = undo.use(followInventory({ cache, clock, log, signal }));
  const steps = options.steps ? undo.use(createStepPool({ ...options.steps, clock })) : undefined;

  await keepNodeObject({ client: node, nodeName: name, nodeIP: NODE_IP, podCidr: options.podCidr, clock, log, signal });
  undo.use(startGarbageCollector(context, inventory));
  undo.use(startNamespaceController(context, inventory, options.caCertificate ? { caCertificate: options.caCertificate } : {}));
  undo.use(startDeploymentController(context));
  undo.use(startReplicaSetController(context));
  undo.use(startStatefulSetController(context));
  undo.use(startJobController(context, { ...DEFAULT_JOB_LIMITS, backoffMs: baseMs }));
  undo.use(startCronJobController(context));
  undo.use(startEndpointsController(context));
  undo.use(startVolumeClaimController(context, { directory: directories.volumes, nodeName: name }));
  undo.use(startDisruptionBudgetController(context));
  undo.use(startEventExpiry(context));
  undo.use(startScheduler(context, { nodeName: name }));
  await cache.synced();
  const serviceBlock = createAddressBlock(options.serviceCidr);
  undo.use(await startServiceProxy({ cache, clock, log, events: context.events('service-proxy'), isOurs: (ip) => serviceBlock.has(ip) }));
  const ingress = options.ingress ? undo.use(await startIngressController(context, options.ingress)) : undefined;

  const nodeId = createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 16);
  let isTidy = false;
  const engine = createEngineFinder(options.engineSockets ?? [], async (api) => {
    // Once: what is there before the first container of this process was left behind by another.
    if (!isTidy) await removeLeftContainers(api, nodeId);
    isTidy = true;
  });
  const agent = await startNodeAgent({
    nodeName: name,
    nodeIP: NODE_IP,
    cache,
    client: node,
    clientForPod: ({ metadata: { namespace, name: pod, uid }, spec }) =>
      clientFor({
        name: `system:serviceaccount:${namespace}:${spec?.serviceAccountName || 'default'}`,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
        // What its token would say: some rules hold for one pod and not for all pods of its account.
        extra: { 'authentication.kubernetes.io/pod-name': [pod], 'authentication.kubernetes.io/pod-uid': [uid ?? ''] },
      }),
    directories,
    catalogue: options.catalogue,
    steps,
    toolDirectories: options.toolDirectories ?? [],
    spareTools: options.spareTools ?? [],
    hiddenDirectories: options.hiddenDirectories ?? [dataDir],
    engine,
    nodeId,
    allowedHostPaths: options.allowedHostPaths ?? [],
    addresses: createAddressBlock(options.podCidr),
    apiAddress: options.apiAddress,
    servicesIn: (namespace) => serviceInformer.list({ namespace }),
    backoff: { ...RESTART_BACKOFF, baseMs },
    events: recorder(node, 'kubelet', name),
    clock,
    log,
    signal,
  });
  options.server.setPodLogs(agent.podLogs);
  undo.defer(() => agent.shutDown(options.shutdownGraceMs ?? DEFAULT_SHUTDOWN_GRACE_MS));

  const resources = undo.move();
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= resources.disposeAsync());
  const onAbort = (): void => void stop().catch((err: unknown) => log.error({ cluster: name, err }, 'stopping the cluster failed'));
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.signal?.aborted) onAbort();
  return {
    cache,
    get ingressPort() {
      return ingress?.port;
    },
    [Symbol.asyncDispose]: async () => {
      options.signal?.removeEventListener('abort', onAbort);
      await stop();
    },
  };
}

const NODE_IP = '127.0.0.1';
const DEFAULT_SHUTDOWN_GRACE_MS = 4000;

const systemUser = (name: string): UserInfo => ({ name, groups: ['system:authenticated'] });

