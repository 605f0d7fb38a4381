import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configMaps, jobs, pods, type Container, type ConfigMap, type Job, type Pod } from '@plinth/api';
import { isConflict, isNotFound } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import type { ControlPlane } from '@plinth/testing';
import { runPipelineAdapter } from '../src/index.ts';

/** What a test's image does with the real folders behind its mounts. Returns the exit code, 0 when absent; a throw is 1. */
export type TestImage = (container: { readonly env: Readonly<Record<string, string>>; readonly path: (mountPath: string) => string }) => Promise<number | void> | number | void;

/**
 * Runs Jobs as a cluster would: a pod each, containers one after the other, statuses with last words. Adapter containers
 * are the real adapter acting as the pod's ServiceAccount; all others are looked up in `images`. An image that is not
 * there leaves the pod waiting. Failed containers are not started again: the Job fails.
 */
export function startTestKubelet(plane: ControlPlane, images: Readonly<Record<string, TestImage>>, signal: AbortSignal): { readonly finished: Promise<void>; readonly started: readonly string[] } {
  const { client } = plane;
  const started: string[] = [];
  const running = new Set<Promise<void>>();
  const seen = new Set<string>();
  const loop = async (): Promise<void> => {
    for await (const event of client.watch<Job>(jobs, { signal })) {
      if (event.type !== 'ADDED' && event.type !== 'MODIFIED') continue;
      const job = event.object as Job;
      if (seen.has(job.metadata.uid!)) continue;
      seen.add(job.metadata.uid!);
      started.push(job.metadata.name);
      const run = runJob(plane, images, job).catch((error: unknown) => {
        if (!isNotFound(error) && !isConflict(error) && !signal.aborted) throw error;
      });
      running.add(run);
      void run.finally(() => running.delete(run));
    }
    await Promise.all(running);
  };
  return { finished: loop(), started };
}

async function runJob(plane: ControlPlane, images: Readonly<Record<string, TestImage>>, job: Job): Promise<void> {
  const { client } = plane;
  const { namespace = '', name } = job.metadata;
  const template = job.spec!.template!;
  const pod = await client.create<Pod>(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${name}-x`, namespace, ...template.metadata, ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid: job.metadata.uid!, controller: true }] } as Pod['metadata'],
    spec: template.spec!,
  } as Pod);
  const root = await mkdtemp(join(tmpdir(), 'plinth-pod-'));
  try {
    const volumes = await makeVolumes(client, pod, root);
    const acting = plane.clientFor({
      name: `system:serviceaccount:${namespace}:${template.spec!.serviceAccountName}`,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
      // As a token says it that is bound to the pod.
      extra: { 'authentication.kubernetes.io/pod-name': [pod.metadata.name], 'authentication.kubernetes.io/pod-uid': [pod.metadata.uid!] },
    });
    for (const container of [...(template.spec!.initContainers ?? []), ...(template.spec!.containers ?? [])]) {
      const words: string[] = [];
      const code = await runContainer(container, pod, volumes, acting, images, words);
      if (code === 'no image') {
        await setStatus(client, pod, [{ name: container.name, state: { waiting: { reason: 'ImagePullBackOff', message: `no such image ${container.image}` } } }]);
        return;
      }
      if (code !== 0) {
        await setStatus(client, pod, [{ name: container.name, state: { terminated: { exitCode: code, reason: 'Error', message: words.join('\n') } } }]);
        await endJob(client, job, { type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' });
        return;
      }
    }
    await endJob(client, job, { type: 'Complete', status: 'True' });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function runContainer(container: Container, pod: Pod, volumes: ReadonlyMap<string, string>, client: Client, images: Readonly<Record<string, TestImage>>, words: string[]): Promise<number | 'no image'> {
  const mounts = new Map((container.volumeMounts ?? []).map((mount) => [mount.mountPath, volumes.get(mount.name)!]));
  const env = Object.fromEntries((container.env ?? []).map((variable) => [variable.name, variable.value ?? annotationOf(pod, variable.valueFrom?.fieldRef?.fieldPath)]));
  const log = (text: string): void => void words.push(text);
  if (container.image === 'plinth/pipeline-adapter:v1') return runPipelineAdapter({ args: container.args ?? [], env, mounts, client, log, signal: new AbortController().signal });
  const image = images[container.image ?? ''];
  if (!image) return 'no image';
  try {
    return (await image({ env, path: (mountPath) => mounts.get(mountPath)! })) ?? 0;
  } catch (error) {
    log((error as Error).message);
    return 1;
  }
}

async function makeVolumes(client: Client, pod: Pod, root: string): Promise<ReadonlyMap<string, string>> {
  const volumes = new Map<string, string>();
  for (const volume of pod.spec?.volumes ?? []) {
    const path = join(root, volume.name);
    await mkdir(path);
    volumes.set(volume.name, path);
    if (!volume.configMap) continue;
    const { data = {} } = await client.get<ConfigMap>(configMaps, { namespace: pod.metadata.namespace!, name: volume.configMap.name ?? '' });
    for (const item of volume.configMap.items ?? []) await writeFile(join(path, item.path), data[item.key] ?? '');
  }
  return volumes;
}

async function setStatus(client: Client, pod: Pod, statuses: readonly { readonly name: string; readonly state: object }[]): Promise<void> {
  const initContainerStatuses = statuses.map((status) => ({ ...status, ready: false, restartCount: 0, image: '', imageID: '' }));
  await client.patch(pods, { namespace: pod.metadata.namespace!, name: pod.metadata.name }, 'merge', { status: { initContainerStatuses } }, { subresource: 'status' });
}

async function endJob(client: Client, job: Job, condition: object): Promise<void> {
  await client.patch(jobs, { namespace: job.metadata.namespace!, name: job.metadata.name }, 'merge', { status: { conditions: [condition] } }, { subresource: 'status' });
}

/** The one kind of `fieldRef` that the platform uses. */
function annotationOf({ metadata }: Pod, fieldPath = ''): string {
  const [, key = ''] = /^metadata\.annotations\['(.+)'\]$/.exec(fieldPath) ?? [];
  return metadata.annotations?.[key] ?? '';
}
