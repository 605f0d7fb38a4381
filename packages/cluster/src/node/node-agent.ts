import { configMaps, persistentVolumeClaims, pods, secrets, type Pod } from '@plinth/api';
import type { ApiResource, KubeObject } from '@plinth/apimachinery';
import type { PodLogs } from '@plinth/apiserver';
import type { Informer } from '@plinth/controller-runtime';
import { readdirSync } from 'node:fs';
import type { InputKind } from './inputs.ts';
import { readLeftBehind, reapPod } from './left-behind.ts';
import { createPodLogs } from './logs/pod-logs.ts';
import type { NodeContext } from './node-context.ts';
import { removePodDirectory } from './pod-directory.ts';
import { createPodWorker, type PodWorker } from './pod-worker.ts';

export interface NodeAgent {
  readonly podLogs: PodLogs;
  /** Stops all containers in order, within the grace period; pods stay as they are in the API. */
  shutDown(graceMs: number): Promise<void>;
}

/** Runs the pods that are bound to this node. */
export async function startNodeAgent(context: NodeContext): Promise<NodeAgent> {
  const { cache, nodeName, log } = context;
  const workers = new Map<string, PodWorker>();
  const readers = new Map<string, Set<PodWorker>>();
  const subscriptions: (() => void)[] = [];
  const informer = cache.informer<Pod>(pods);
  let stopping = false;

  const readerKeys = (worker: PodWorker, namespace: string): readonly string[] => [...worker.inputs].map((input) => `${namespace}/${input}`);
  const forget = (worker: PodWorker, namespace: string): void => {
    workers.delete(worker.uid);
    for (const key of readerKeys(worker, namespace)) {
      const set = readers.get(key);
      set?.delete(worker);
      if (set?.size === 0) readers.delete(key);
    }
  };
  const adopt = (pod: Pod): PodWorker => {
    const namespace = pod.metadata.namespace!;
    const worker: PodWorker = createPodWorker(pod, context, () => forget(worker, namespace));
    workers.set(worker.uid, worker);
    for (const key of readerKeys(worker, namespace)) {
      const set = readers.get(key);
      if (set) set.add(worker);
      else readers.set(key, new Set([worker]));
    }
    return worker;
  };
  const seen = (pod: Pod): void => {
    if (stopping || pod.spec?.nodeName !== nodeName) return;
    const known = workers.get(pod.metadata.uid!);
    if (known) known.update(pod);
    else adopt(pod).look();
  };

  const inputs: readonly (readonly [InputKind, ApiResource])[] = [['configmap', configMaps], ['secret', secrets], ['claim', persistentVolumeClaims]];
  const inputInformers = inputs.map(([kind, resource]) => [kind, cache.informer(resource) as Informer<KubeObject>] as const);
  await Promise.all([informer.synced, ...inputInformers.map(([, each]) => each.synced)]);

  // Everyone who was here before takes the address that it had, before anyone new asks for one.
  const here = informer.list().filter((pod) => pod.spec?.nodeName === nodeName);
  for (const pod of here) adopt(pod);
  await reapForgotten(context, (uid) => workers.has(uid)).catch((err: unknown) => log.warn({ err }, 'removing what pods left behind failed'));
  for (const [kind, each] of inputInformers) {
    const changed = ({ metadata }: KubeObject): void => {
      for (const worker of readers.get(`${metadata.namespace}/${kind}/${metadata.name}`) ?? []) worker.inputsChanged();
    };
    let replaying = true;
    subscriptions.push(each.subscribe({ added: (object) => replaying || changed(object), updated: changed }));
    replaying = false;
  }
  subscriptions.push(
    informer.subscribe({
      added: seen,
      updated: seen,
      deleted: (pod) => workers.get(pod.metadata.uid!)?.vanished(),
    }),
  );

  return {
    podLogs: createPodLogs((uid) => workers.get(uid)),
    shutDown: async (graceMs) => {
      stopping = true;
      for (const end of subscriptions) end();
      await Promise.all([...workers.values()].map((worker) => worker.shutDown(graceMs)));
    },
  };
}

/** Pods that were deleted by force while no agent was running. */
async function reapForgotten(context: NodeContext, isKnown: (uid: string) => boolean): Promise<void> {
  const { directories } = context;
  await Promise.all(
    readdirSync(directories.pods)
      .filter((uid) => !isKnown(uid))
      .map(async (uid) => {
        const left = readLeftBehind(directories, uid);
        if (left) await reapPod(left.pod, (left.pod.spec?.containers ?? []).map(({ name }) => name), new Map(left.volumes), left.pod.status?.podIP ?? context.nodeIP, context, REAP_GRACE_MS);
        await removePodDirectory(directories, uid);
      }),
  );
}

const REAP_GRACE_MS = 5000;
