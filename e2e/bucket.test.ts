import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeleteObjectsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { buckets as bucketSources, configMaps, kustomizations, secrets, type Bucket, type ConfigMap, type Kustomization } from '@plinth/api';
import { parseYaml, type KubeObject } from '@plinth/apimachinery';
import { silentLogger } from '@plinth/controller-runtime';
import { gitopsManifests, reporterManifests, startDestinationReporter, startGitOpsAgent } from '@plinth/gitops-agent';
import { eventually, startControlPlane, startS3Server, tempDir, type ControlPlane, type S3Server } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { bucketStore, destination, secret } from '../packages/platform/tests/store-objects.ts';
import type { TestImage } from '../packages/platform/tests/test-kubelet.ts';
import { bucketPromise, bucketRequest, buckets, condition, create, startWorld, type World } from '../packages/platform/tests/world.ts';

const FLUX = 'flux-system';
const REPORTER = 'plinth:destination:remote';

/** Writes a ConfigMap named after the request, with its size. */
const make: TestImage = ({ path }) => {
  const { metadata, spec } = parseYaml(readFileSync(join(path('/kratix/input'), 'object.yaml'), 'utf8')) as { readonly metadata: { readonly name: string }; readonly spec?: { readonly size?: string } };
  writeFileSync(join(path('/kratix/output'), 'app.yaml'), JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: metadata.name, namespace: 'default' }, data: { size: spec?.size ?? '' } }));
};

interface BucketWorld extends AsyncDisposable {
  readonly platform: World;
  readonly worker: ControlPlane;
  readonly s3: S3Server;
  /** What the worker has of a request. */
  applied(name: string): Promise<Readonly<Record<string, string>> | undefined>;
  request(name: string, size?: string): Promise<void>;
  /** Waits until a condition of a request is as given. */
  sees(name: string, type: string, expected: object): Promise<Record<string, unknown>>;
  /** Deletes what is below a prefix, behind everybody's back. */
  wipe(prefix: string): Promise<void>;
  restartAgent(): Promise<void>;
  source(spec: object): Promise<unknown>;
}

/** A platform, a bucket, and a worker cluster set up as Kratix' scripts do it, with the agent and the reporter. */
async function bucketWorld(path = ''): Promise<BucketWorld> {
  await using undo = new AsyncDisposableStack();
  const s3 = undo.use(await startS3Server());
  const { id, secret: key } = s3.accessKey;
  const platform = undo.use(
    await startWorld({ 'test/make': make }, {}, { objects: [secret('s3', { accessKeyID: id, secretAccessKey: key }), bucketStore('archive', { bucketName: s3.bucket, endpoint: s3.endpoint, insecure: true, ...(path ? { path } : {}), secretRef: { name: 's3', namespace: 'default' } })] }),
  );
  for (const manifest of reporterManifests('remote', REPORTER)) await create(platform.plane, manifest);
  const target = destination('remote', { kind: 'BucketStateStore', name: 'archive' });
  await create(platform.plane, { ...target, metadata: { ...target.metadata, labels: { environment: 's3' } } } as KubeObject);
  await create(platform.plane, bucketPromise(undefined, { destinationSelectors: [{ matchLabels: { environment: 's3' } }] }));
  await eventually(async () => (await platform.promise()).status?.status === 'Available');

  const worker = undo.use(await startControlPlane());
  for (const manifest of gitopsManifests()) await create(worker, manifest);
  await worker.client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login', namespace: FLUX }, stringData: { accesskey: id, secretkey: key } });
  await worker.client.create<Bucket>(bucketSources, { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'Bucket', metadata: { name: 'kratix', namespace: FLUX }, spec: { interval: '300ms', bucketName: s3.bucket, endpoint: s3.endpoint, insecure: true, secretRef: { name: 'login' } } });
  for (const folder of ['dependencies', 'resources']) {
    await worker.client.create<Kustomization>(kustomizations, {
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
      kind: 'Kustomization',
      metadata: { name: `kratix-${folder}`, namespace: FLUX },
      spec: { interval: '10m', prune: true, path: `./${path ? `${path}/` : ''}remote/${folder}`, sourceRef: { kind: 'Bucket', name: 'kratix' }, ...(folder === 'resources' ? { dependsOn: [{ name: 'kratix-dependencies' }] } : {}) },
    });
  }
  const directory = undo.use(await tempDir());
  const signal = new AbortController().signal;
  const agentClient = worker.clientFor({ name: 'system:serviceaccount:flux-system:kustomize-controller', groups: ['system:serviceaccounts', 'system:serviceaccounts:flux-system', 'system:authenticated'] });
  const startAgent = () => startGitOpsAgent({ client: agentClient, dataDir: directory.path, signal, log: silentLogger });
  let agent = await startAgent();
  undo.defer(() => agent[Symbol.asyncDispose]());
  undo.use(startDestinationReporter({ cluster: worker.client, platform: platform.plane.clientFor(REPORTER), destination: 'remote', signal, log: silentLogger }));
  const own = new S3Client({ region: 'us-east-1', endpoint: `http://${s3.endpoint}`, forcePathStyle: true, credentials: { accessKeyId: id, secretAccessKey: key } });
  undo.defer(() => own.destroy());
  const owned = undo.move();
  return {
    platform,
    worker,
    s3,
    applied: async (name) => (await worker.client.find<ConfigMap>(configMaps, { namespace: 'default', name }))?.data,
    request: async (name, size = '1') => void (await platform.plane.client.create(buckets, bucketRequest(name, { size }))),
    sees: (name, type, expected) =>
      eventually(
        async () => {
          const found = condition(await platform.request(name), type);
          expect(found).toMatchObject(expected);
          return found!;
        },
        { timeoutMs: 15_000 },
      ),
    wipe: async (prefix) => {
      const { Contents = [] } = await own.send(new ListObjectsV2Command({ Bucket: s3.bucket, Prefix: prefix }));
      await own.send(new DeleteObjectsCommand({ Bucket: s3.bucket, Delete: { Objects: Contents.map(({ Key }) => ({ Key })) } }));
    },
    restartAgent: async () => {
      await agent[Symbol.asyncDispose]();
      agent = await startAgent();
    },
    source: (spec) => worker.client.patch(bucketSources, { namespace: FLUX, name: 'kratix' }, 'merge', { spec }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const proved = { status: 'True', provedAt: expect.any(String) };

describe('a Destination on a bucket', () => {
  it.each(['', 'clusters/eu'])('has requests Applied and Ready when its agent has applied the objects, with the time of the proof (path %j)', async (path) => {
    await using w = await bucketWorld(path);
    await w.request('one');
    const first = await w.sees('one', 'Applied', { ...proved, reason: 'Applied', message: expect.stringMatching(/^Applied at remote \(version [0-9a-f]{7}\)$/) });
    expect(await w.applied('one')).toEqual({ size: '1' });
    await w.sees('one', 'Ready', { ...proved, reason: 'Working' });

    await w.platform.plane.client.patch(buckets, { namespace: 'default', name: 'one' }, 'merge', { spec: { size: '2' } });
    await w.sees('one', 'Ready', { status: 'Unknown' });
    const second = await w.sees('one', 'Applied', proved);
    expect(await w.applied('one')).toEqual({ size: '2' });
    expect(second['message']).not.toBe(first['message']);
    expect(Date.parse(second['provedAt'] as string)).toBeGreaterThanOrEqual(Date.parse(first['provedAt'] as string));

    await w.platform.plane.client.delete(buckets, { namespace: 'default', name: 'one' });
    await eventually(async () => expect(await w.applied('one')).toBeUndefined());
  });

  it('serves many requests at once, and keeps what is proved over restarts of both sides', async () => {
    await using w = await bucketWorld();
    const names = Array.from({ length: 30 }, (_, at) => `r-${at}`);
    await Promise.all(names.map((name) => w.request(name)));
    for (const name of names) await w.sees(name, 'Ready', proved);
    const before = (await w.platform.request('r-0')).metadata.resourceVersion;
    await w.platform.restart(() => w.restartAgent());
    await w.request('late');
    await w.sees('late', 'Ready', proved);
    expect((await w.platform.request('r-0')).metadata.resourceVersion).toBe(before);
    expect(condition(await w.platform.request('r-0'), 'Ready')).toMatchObject(proved);
  });

  it('proves what is there while more is written all the time', async () => {
    await using w = await bucketWorld();
    const done = new AbortController();
    const writing = (async () => {
      let count = 0;
      for (; !done.signal.aborted && count < 200; count += 1) {
        await w.request(`r-${count}`);
        await w.sees(`r-${count}`, 'Reconciled', { status: 'True' });
      }
      return count;
    })();
    for (const name of ['r-0', 'r-10', 'r-20']) {
      await eventually(async () => (await w.platform.plane.client.find(buckets, { namespace: 'default', name })) ?? false, { timeoutMs: 15_000 });
      await w.sees(name, 'Ready', proved);
    }
    done.abort();
    expect(await writing).toBeLessThan(200);
  });

  it('says what keeps its agent from the bucket, and is well again with it', async () => {
    await using w = await bucketWorld();
    await w.request('one');
    await w.sees('one', 'Ready', proved);
    await w.source({ bucketName: 'missing' });
    await eventually(async () => expect(JSON.stringify(await w.worker.client.get(bucketSources, { namespace: FLUX, name: 'kratix' }))).toContain("bucket 'missing' not found"));
    await w.request('two');
    await w.sees('two', 'Applied', { status: 'Unknown', reason: 'ApplyPending', message: expect.stringMatching(/^Destination remote has not applied version [0-9a-f]{7} yet: Bucket kratix: bucket 'missing' not found$/) });
    await eventually(async () => expect((await w.platform.request('two')).status?.message).toBe("the agent of Destination remote cannot fetch from the state store (Bucket kratix): bucket 'missing' not found; create the bucket, or correct spec.bucketName there"));
    // What it applied it still has.
    expect(condition(await w.platform.request('one'), 'Ready')).toMatchObject(proved);
    await w.source({ bucketName: w.s3.bucket });
    await w.sees('two', 'Ready', proved);
  });

  it('outlives a bucket that goes away for a while', async () => {
    await using w = await bucketWorld();
    await w.request('one');
    await w.sees('one', 'Ready', proved);
    w.s3.failWith(503);
    await w.request('two');
    await eventually(async () => expect((await w.platform.request('two')).status?.message).toMatch(/^BucketStateStore archive cannot be reached: .*503 SlowDown/), { timeoutMs: 20_000 });
    expect(condition(await w.platform.request('two'), 'Reconciled')?.['status']).not.toBe('True');
    expect(condition(await w.platform.request('two'), 'Applied')).toMatchObject({ status: 'Unknown', reason: 'ApplyPending' });
    expect(condition(await w.platform.request('one'), 'Ready')).toMatchObject(proved);
    w.s3.failWith(undefined);
    for (const name of ['one', 'two']) await w.sees(name, 'Ready', proved);
  });

  it('is not believed when somebody takes files out of the bucket: they are written and applied anew', async () => {
    await using w = await bucketWorld();
    for (const name of ['one', 'two']) await w.request(name);
    for (const name of ['one', 'two']) await w.sees(name, 'Ready', proved);
    await w.wipe('remote/resources/default/bucket/one/');
    // Gone from the worker by the agent's hand, and back by the platform's.
    const uid = (await w.worker.client.get(configMaps, { namespace: 'default', name: 'one' })).metadata.uid;
    await eventually(async () => expect((await w.worker.client.get(configMaps, { namespace: 'default', name: 'one' })).metadata.uid).not.toBe(uid), { timeoutMs: 15_000 });
    for (const name of ['one', 'two']) await w.sees(name, 'Ready', proved);
  });
});
