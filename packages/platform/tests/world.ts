import { destinations, type GitStateStore, gitStateStores, promises, type PlatformPromise } from '@plinth/api';
import type { ApiResource, KubeObject, UnstructuredObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { type Clock, type Logger, silentLogger } from '@plinth/controller-runtime';
import type { StateStoreWriter } from '@plinth/state-store';
import { type ControlPlane, eventually, startControlPlane } from '@plinth/testing';
import { type Platform, platformAdmission, platformManifests, type PlatformConfig, startPlatform } from '../src/index.ts';
import { type GitClientOptions, openWriter } from '../src/state-store/open-writer.ts';
import type { ResourceRequest } from '../src/resource-request/request.ts';
import { type MemoryStateStore, memoryStateStore } from './memory-state-store.ts';
import { startTestKubelet, type TestImage } from './test-kubelet.ts';

/** A platform on a real API server, with a kubelet for its Jobs and a state store in memory. */
export interface World extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly store: MemoryStateStore;
  /** Names of the Jobs that ran. */
  readonly started: readonly string[];
  readonly promise: (name?: string) => Promise<PlatformPromise>;
  readonly request: (name?: string, namespace?: string) => Promise<ResourceRequest>;
  /** The store's writer noticed that somebody else changed its content. */
  readonly storeMoved: () => void;
  /** What the platform counts, in the Prometheus text format. */
  readonly metrics: () => Promise<string>;
  /** Ends the platform's process and starts another. */
  readonly restart: (meanwhile?: () => Promise<unknown>) => Promise<void>;
}

/** The kind that the test Promise offers. */
export const buckets: ApiResource = { group: 'example.com', version: 'v1', kind: 'bucket', plural: 'buckets', namespaced: true };

export interface WorldOptions {
  /** A real state store, in place of the one in memory. */
  readonly gitStore?: NonNullable<GitStateStore['spec']>;
  /** How real git stores are spoken to. */
  readonly gitClient?: GitClientOptions;
  readonly log?: Logger;
  /** Objects to begin with, such as the Secret of that store. */
  readonly objects?: readonly KubeObject[];
  /** The clock of the platform; that of the kubelet and the API server is the real one. */
  readonly clock?: Clock;
  /** What stands between the platform and what it writes to; asked for each platform that is started. */
  readonly tap?: (client: Client) => { readonly client: Client; readonly store?: (store: StateStoreWriter) => StateStoreWriter };
}

export async function startWorld(images: Readonly<Record<string, TestImage>>, config: Partial<PlatformConfig> = {}, { clock, gitStore, gitClient, log = silentLogger, objects = [], tap = (client) => ({ client }) }: WorldOptions = {}): Promise<World> {
  const plane: ControlPlane = await startControlPlane({ server: { admission: [platformAdmission({ client: () => plane.client })] } });
  const ended = new AbortController();
  for (const manifest of platformManifests()) await create(plane, manifest);
  const store = memoryStateStore();
  const kubelet = startTestKubelet(plane, images, ended.signal);
  let moved = (): void => {};
  const start = (): Platform => {
    const tapped = tap(plane.clientFor({ name: 'system:serviceaccount:kratix-platform-system:kratix-platform-controller-manager', groups: ['system:serviceaccounts', 'system:authenticated'] }));
    return startPlatform({
      client: tapped.client,
      signal: ended.signal,
      log,
      ...(gitClient ? { gitClient } : {}),
      ...(clock ? { clock } : {}),
      config,
      ...(gitStore
        ? {}
        : {
            openStateStore: async (of, secret, onMoved) => {
              if (of.kind === 'BucketStateStore') return openWriter({}, log)(of, secret, onMoved);
              moved = onMoved;
              return tapped.store?.(store) ?? store;
            },
          }),
    });
  };
  let platform = start();
  for (const object of objects) await create(plane, object);
  await plane.client.create(gitStateStores, { apiVersion: 'platform.kratix.io/v1alpha1', kind: 'GitStateStore', metadata: { name: 'default' }, spec: gitStore ?? { url: 'https://git.test/repo' } } as KubeObject);
  await plane.client.create(destinations, {
    apiVersion: 'platform.kratix.io/v1alpha1',
    kind: 'Destination',
    metadata: { name: 'worker', labels: { environment: 'dev' } },
    spec: { path: 'worker', stateStoreRef: { kind: 'GitStateStore', name: 'default' } },
  } as KubeObject);
  return {
    plane,
    store,
    started: kubelet.started,
    promise: (name = 'bucket') => plane.client.get<PlatformPromise>(promises, { name }),
    request: (name = 'one', namespace = 'default') => plane.client.get<ResourceRequest>(buckets, { namespace, name }),
    storeMoved: () => moved(),
    metrics: () => platform.metrics(),
    restart: async (meanwhile) => {
      await platform[Symbol.asyncDispose]();
      await meanwhile?.();
      platform = start();
    },
    [Symbol.asyncDispose]: async () => {
      await platform[Symbol.asyncDispose]();
      ended.abort();
      await kubelet.finished;
      await plane[Symbol.asyncDispose]();
    },
  };
}

/** Like `kubectl create`, whatever the kind. */
export async function create(plane: ControlPlane, object: KubeObject): Promise<void> {
  const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion];
  const resource = await eventually(async () => (await plane.client.resolve({ group: group!, version: version!, kind: object.kind })) ?? false);
  await plane.client.create(resource, object);
}

/** A Promise of buckets with one pipeline per list of images. */
export function bucketPromise(pipelines: Readonly<Record<string, readonly string[]>> = { 'instance-configure': ['test/make'] }, extra: object = {}): PlatformPromise {
  const pipeline = (name: string, images: readonly string[]): UnstructuredObject =>
    ({
      apiVersion: 'platform.kratix.io/v1alpha1',
      kind: 'Pipeline',
      metadata: { name },
      spec: { containers: images.map((image, index) => ({ name: `step-${index}`, image, env: [{ name: 'SIZE', value: '1Gi' }] })) },
    }) as unknown as UnstructuredObject;
  return {
    apiVersion: 'platform.kratix.io/v1alpha1',
    kind: 'Promise',
    metadata: { name: 'bucket' },
    spec: {
      api: {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'buckets.example.com' },
        spec: {
          group: 'example.com',
          scope: 'Namespaced',
          names: { plural: 'buckets', singular: 'bucket', kind: 'bucket' },
          versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties: { size: { type: 'string' } } } } } } }],
        },
      },
      destinationSelectors: [{ matchLabels: { environment: 'dev' } }],
      workflows: { resource: { configure: Object.entries(pipelines).map(([name, images]) => pipeline(name, images)) } },
      ...extra,
    },
  } as PlatformPromise;
}

export const bucketRequest = (name = 'one', spec: object = {}, namespace = 'default'): KubeObject =>
  ({ apiVersion: 'example.com/v1', kind: 'bucket', metadata: { name, namespace }, spec }) as KubeObject;

export const condition = (object: { readonly status?: { readonly conditions?: readonly { readonly type: string }[] } }, type: string): Record<string, unknown> | undefined =>
  object.status?.conditions?.find((one) => one.type === type) as Record<string, unknown> | undefined;
