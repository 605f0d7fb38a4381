import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { persistentVolumeClaims, pods, secrets, statefulSets, type Pod, type Secret, type StatefulSet } from '@plinth/api';
import { isAlreadyExists, isNotFound, keyOf, type KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { createCache, silentLogger } from '@plinth/controller-runtime';
import type { Program } from '../../src/index.ts';
import { podAddress } from './database-pod.ts';

export interface Kubelet extends AsyncDisposable {
  readonly log: (pod: string) => string;
  /** Pod addresses by name. */
  readonly addresses: ReadonlyMap<string, string>;
}

/**
 * As much of a cluster as the operator needs: pods and claims for StatefulSets (in order), and a node agent that runs
 * one program in all pods and restarts it when it ends.
 */
export function startKubelet(client: Client, program: Program, volumes: string): Kubelet {
  const stopped = new AbortController();
  const cache = createCache(client, { signal: stopped.signal, log: silentLogger });
  const sets = cache.informer<StatefulSet>(statefulSets);
  const members = cache.informer<Pod>(pods, { labelSelector: 'application=spilo' });
  const running = new Map<string, { readonly stop: () => void; readonly ended: Promise<void> }>();
  const logs = new Map<string, string[]>();
  const addresses = new Map<string, string>();

  const make = async (set: StatefulSet): Promise<void> => {
    if (set.metadata.deletionTimestamp) return releaseOrphans(client, set);
    const present = members.list({ namespace: set.metadata.namespace!, labels: { 'cluster-name': set.metadata.name } });
    const wanted = set.spec?.replicas ?? 1;
    for (const pod of present) if (Number(pod.metadata.name.split('-').at(-1)) >= wanted) await remove(pod);
    for (let ordinal = 0; ordinal < wanted; ordinal++) {
      const name = `${set.metadata.name}-${ordinal}`;
      const pod = present.find(({ metadata }) => metadata.name === name);
      if (pod && isReady(pod)) continue;
      if (!pod) await createPod(set, name);
      return;
    }
  };
  const createPod = async (set: StatefulSet, name: string): Promise<void> => {
    const { namespace } = set.metadata;
    const template = set.spec!.template as unknown as { metadata: { labels: Record<string, string> }; spec: Record<string, unknown> };
    const [claim] = set.spec!.volumeClaimTemplates as unknown as readonly [{ metadata: object; spec: object }];
    await ignoring(isAlreadyExists, client.create(persistentVolumeClaims, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...claim, metadata: { ...claim.metadata, name: `pgdata-${name}`, namespace } } as KubeObject));
    const { serviceAccountName: _, ...spec } = template.spec;
    await ignoring(isAlreadyExists, client.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata: { ...template.metadata, name, namespace }, spec: { ...spec, nodeName: 'node', volumes: [...((spec['volumes'] as { name: string }[] | undefined) ?? []).filter(({ name }) => name !== 'pgdata'), { name: 'pgdata', persistentVolumeClaim: { claimName: `pgdata-${name}` } }] } } as KubeObject));
  };
  const remove = (pod: Pod): Promise<void> => ignoring(isNotFound, client.delete(pods, keyOf(pod), { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid! } }));

  const run = async (pod: Pod, signal: AbortSignal): Promise<void> => {
    const { name, namespace = 'default' } = pod.metadata;
    const ip = podAddress();
    addresses.set(name, ip);
    const lines: string[] = [];
    logs.set(name, lines);
    const mount = join(volumes, `pgdata-${name}`);
    mkdirSync(mount, { recursive: true });
    const status = (ready: boolean): Promise<unknown> =>
      ignoring(isNotFound, client.patch(pods, { namespace, name }, 'merge', { metadata: { uid: pod.metadata.uid }, status: { phase: 'Running', podIP: ip, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] } }, { subresource: 'status' }));
    let written = status(false);
    while (!signal.aborted) {
      const env = await environment(client, pod, ip);
      await program({
        pod, env, podIP: ip, client, signal,
        mounts: new Map([['/home/postgres/pgdata', mount]]),
        log: (text) => void lines.push(text),
        setReady: (ready) => void (written = written.then(() => status(ready)).catch(() => {})),
      }).catch((error: Error) => lines.push(error.message));
    }
    await written.catch(() => {});
  };

  void (async () => {
    await cache.synced();
    const look = (namespace: string | undefined, name: string | undefined): void => {
      const set = name ? sets.get({ namespace: namespace!, name }) : undefined;
      if (set) void make(set).catch(() => {});
    };
    const start = (pod: Pod): void => {
      const stop = new AbortController();
      const key = pod.metadata.uid!;
      if (running.has(key)) return;
      running.set(key, { stop: () => stop.abort(), ended: run(pod, stop.signal).catch(() => {}) });
    };
    const end = async (pod: Pod): Promise<void> => {
      const entry = running.get(pod.metadata.uid!);
      entry?.stop();
      await entry?.ended;
    };
    const lookFor = (pod: Pod): void => look(pod.metadata.namespace, pod.metadata.labels?.['cluster-name']);
    sets.subscribe({ added: (set) => look(set.metadata.namespace, set.metadata.name), updated: (set) => look(set.metadata.namespace, set.metadata.name) });
    members.subscribe({
      added: (pod) => (lookFor(pod), start(pod)),
      updated: (pod) => (pod.metadata.deletionTimestamp ? void end(pod).then(() => remove(pod)) : lookFor(pod)),
      deleted: (pod) => void end(pod).then(() => lookFor(pod)),
    });
    cache.informer(persistentVolumeClaims).subscribe({ deleted: ({ metadata }) => rmSync(join(volumes, metadata.name), { recursive: true, force: true }) });
  })().catch(() => {});

  return {
    log: (pod) => logs.get(pod)?.join('\n') ?? '',
    addresses,
    [Symbol.asyncDispose]: async () => {
      for (const { stop } of running.values()) stop();
      await Promise.all([...running.values()].map(({ ended }) => ended));
      stopped.abort();
      await cache[Symbol.asyncDispose]();
    },
  };
}

/** The garbage collector's part of a deletion that leaves the pods alone. */
async function releaseOrphans(client: Client, set: StatefulSet): Promise<void> {
  const owned = (await client.list<Pod>(pods, { namespace: set.metadata.namespace! })).items.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === set.metadata.uid));
  for (const pod of owned) await ignoring(isNotFound, client.patch(pods, keyOf(pod), 'merge', { metadata: { ownerReferences: null } }));
  await ignoring(isNotFound, client.patch(statefulSets, keyOf(set), 'merge', { metadata: { finalizers: null } }));
}

const isReady = (pod: Pod): boolean => (pod.status?.conditions as readonly { type: string; status: string }[] | undefined)?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;

async function environment(client: Client, pod: Pod, ip: string): Promise<Readonly<Record<string, string>>> {
  const [container] = pod.spec!.containers as unknown as readonly [{ env: readonly { name: string; value?: string; valueFrom?: { fieldRef?: { fieldPath: string }; secretKeyRef?: { name: string; key: string } } }[] }];
  const entries = container.env.map(async ({ name, value, valueFrom }) => {
    const ref = valueFrom?.secretKeyRef;
    if (ref) {
      const secret = await client.get<Secret>(secrets, { namespace: pod.metadata.namespace!, name: ref.name });
      return [name, Buffer.from(secret.data![ref.key]!, 'base64').toString()] as const;
    }
    return [name, valueFrom?.fieldRef ? ip : (value ?? '')] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function ignoring(which: (error: unknown) => boolean, promise: Promise<unknown>): Promise<void> {
  await promise.catch((error: unknown) => {
    if (!which(error)) throw error;
  });
}
