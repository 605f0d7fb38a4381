import { createHash } from 'node:crypto';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { buckets, configMaps, kustomizations, secrets, type Bucket, type ConfigMap, type Kustomization } from '@plinth/api';
import type { ApiResource } from '@plinth/apimachinery';
import { eventually, startS3Server, type S3Server } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { configMap, ready, world, type World } from './world.ts';

const NAMESPACE = 'flux-system';
const name = { namespace: NAMESPACE, name: 'kratix' };

interface BucketWorld extends AsyncDisposable {
  readonly w: World;
  readonly s3: S3Server;
  put(files: Readonly<Record<string, string | undefined>>): Promise<void>;
  createBucket(spec?: Partial<NonNullable<Bucket['spec']>>, resource?: ApiResource): Promise<void>;
  bucket(): Promise<Bucket>;
  /** Asks the agent to look, and waits until it has. */
  poke(): Promise<Bucket>;
  /** Waits until a unit is at what the bucket holds now, and returns both. */
  settled(unit: string): Promise<{ readonly unit: Kustomization; readonly bucket: Bucket }>;
}

/** A cluster with an agent, and a bucket. The interval is long: nothing happens because of it. */
async function bucketWorld(): Promise<BucketWorld> {
  await using undo = new AsyncDisposableStack();
  const w = undo.use(await world());
  const s3 = undo.use(await startS3Server());
  const own = new S3Client({ region: 'us-east-1', endpoint: `http://${s3.endpoint}`, forcePathStyle: true, credentials: { accessKeyId: s3.accessKey.id, secretAccessKey: s3.accessKey.secret } });
  undo.defer(() => own.destroy());
  await w.plane.client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login', namespace: NAMESPACE }, stringData: { accesskey: s3.accessKey.id, secretkey: s3.accessKey.secret } });
  const bucket = () => w.plane.client.get<Bucket>(buckets, name);
  let asked = 0;
  const poke = async (): Promise<Bucket> => {
    asked += 1;
    await w.plane.client.patch(buckets, name, 'merge', { metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': String(asked) } } });
    return eventually(async () => {
      const now = await bucket();
      return now.status?.lastHandledReconcileAt === String(asked) && now;
    });
  };
  const owned = undo.move();
  return {
    w,
    s3,
    bucket,
    poke,
    put: async (files) => {
      for (const [Key, content] of Object.entries(files)) {
        if (content === undefined) await own.send(new DeleteObjectCommand({ Bucket: s3.bucket, Key }));
        else await own.send(new PutObjectCommand({ Bucket: s3.bucket, Key, Body: content }));
      }
    },
    createBucket: async (spec = {}, resource = buckets) => {
      await w.plane.client.create(resource, {
        apiVersion: `${resource.group}/${resource.version}`,
        kind: 'Bucket',
        metadata: name,
        spec: { interval: '10m', bucketName: s3.bucket, endpoint: s3.endpoint, insecure: true, secretRef: { name: 'login' }, ...spec },
      } as Bucket);
    },
    settled: async (unit) => {
      const at = await poke();
      return eventually(async () => {
        const now = await w.plane.client.get<Kustomization>(kustomizations, { namespace: NAMESPACE, name: unit });
        expect(ready(now), JSON.stringify(now.status)).toMatchObject({ status: 'True' });
        expect(now.status?.lastAppliedRevision).toBe(at.status?.artifact?.revision);
        return { unit: now, bucket: at };
      });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const sourceRef = { kind: 'Bucket', name: 'kratix' } as const;
const find = (of: BucketWorld, object: string) => of.w.plane.client.find<ConfigMap>(configMaps, { namespace: 'default', name: object });
const hex = (algorithm: string, text: string): string => createHash(algorithm).update(text).digest('hex');
const gets = ({ s3 }: BucketWorld): readonly string[] => s3.requests.filter((request) => request.startsWith('GET /store/') && !request.includes('list-type')).map((request) => request.split('?')[0]!);

describe('a Bucket', () => {
  it('is applied with the revision that Flux gives it, and what changes is all that is downloaded', async () => {
    await using b = await bucketWorld();
    const files = { 'worker/resources/b.yaml': configMap('b', { x: '1' }), 'worker/resources/a.yaml': configMap('a', { x: '1' }), 'worker/note.txt': 'hello' };
    await b.put(files);
    await b.w.startAgent();
    await b.createBucket();
    await b.w.createUnit('apps', { path: './worker/resources', sourceRef });
    const { unit, bucket } = await b.settled('apps');
    const lines = Object.entries(files).toSorted().map(([key, content]) => `${key} ${hex('md5', content)}\n`);
    const revision = `sha256:${hex('sha256', lines.join(''))}`;
    expect(bucket.status?.artifact).toMatchObject({ revision, path: 'bucket/flux-system/kratix.git' });
    expect(ready(bucket)).toMatchObject({ status: 'True', reason: 'Succeeded', message: `stored artifact: revision '${revision}'` });
    expect(ready(unit)?.message).toBe(`Applied revision: ${revision}`);
    expect(unit.status?.inventory?.entries?.map(({ id }) => id)).toEqual(['default_a__ConfigMap', 'default_b__ConfigMap']);

    b.s3.requests.length = 0;
    await b.put({ 'worker/resources/a.yaml': configMap('a', { x: '2' }), 'worker/resources/b.yaml': undefined });
    await b.settled('apps');
    expect((await find(b, 'a'))?.data).toEqual({ x: '2' });
    expect(await find(b, 'b')).toBeUndefined();
    expect(gets(b)).toEqual(['GET /store/worker/resources/a.yaml']);
  });

  it('survives a restart without a download, and a server that is away with what it had', async () => {
    await using b = await bucketWorld();
    await b.put({ 'a.yaml': configMap('a', { x: '1' }), 'b.yaml': configMap('b', { x: '1' }) });
    const first = await b.w.startAgent();
    await b.createBucket();
    await b.w.createUnit('apps', { sourceRef });
    await b.settled('apps');
    await first[Symbol.asyncDispose]();
    b.s3.requests.length = 0;
    await b.put({ 'b.yaml': configMap('b', { x: '2' }) });
    await b.w.startAgent();
    await b.settled('apps');
    expect(gets(b)).toEqual(['GET /store/b.yaml']);

    b.s3.failWith(503);
    const failed = await b.poke();
    expect(ready(failed)).toMatchObject({ status: 'False', reason: 'BucketOperationFailed', message: expect.stringContaining("indexation of objects from bucket 'store' failed: 503 SlowDown") });
    expect(failed.status?.artifact?.revision).toBeDefined();
    await b.w.plane.client.delete(configMaps, { namespace: 'default', name: 'a' });
    await b.w.plane.client.patch(kustomizations, { namespace: NAMESPACE, name: 'apps' }, 'merge', { metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': 'now' } } });
    await eventually(async () => expect(await find(b, 'a')).toBeDefined());
    b.s3.failWith(undefined);
    await b.settled('apps');
  });

  it('says what is wrong with the bucket and with the Secret', async () => {
    await using b = await bucketWorld();
    await b.w.startAgent();
    const { client } = b.w.plane;
    await b.createBucket({ bucketName: 'other' });
    const says = (reason: string, message: string) => eventually(async () => expect(ready(await b.bucket())).toMatchObject({ status: 'False', reason, message }));
    const change = (spec: object) => client.patch(buckets, name, 'merge', { spec });
    await says('BucketOperationFailed', "bucket 'other' not found");
    await change({ bucketName: 'store', secretRef: { name: 'none' } });
    await says('AuthenticationFailed', `failed to get secret 'flux-system/none': secrets "none" not found`);
    await client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'none', namespace: NAMESPACE }, stringData: { accesskey: 'x' } });
    await change({ interval: '11m' });
    await says('AuthenticationFailed', "invalid 'none' secret data: required fields 'accesskey' and 'secretkey'");
    await change({ provider: 'azure', secretRef: { name: 'login' } });
    await says('Unsupported', 'spec.provider azure not supported by this agent, remove it');
    await change({ provider: 'generic' });
    await eventually(async () => expect(ready(await b.bucket())).toMatchObject({ status: 'True' }));
  });

  it('takes only what lies below the prefix and is not ignored, and no key that is no path', async () => {
    await using b = await bucketWorld();
    const one = configMap('one', {});
    await b.put({ 'worker/one.yaml': one, 'worker/two.yaml': configMap('two', {}), 'worker/off/three.yaml': configMap('three', {}), 'other/four.yaml': configMap('four', {}), 'worker/.git/y.yaml': configMap('five', {}), '.sourceignore': 'off/\n' });
    await b.w.startAgent();
    await b.createBucket({ prefix: 'worker/', ignore: 'two.yaml' });
    await b.w.createUnit('apps', { sourceRef });
    const { unit, bucket } = await b.settled('apps');
    expect(unit.status?.inventory?.entries?.map(({ id }) => id)).toEqual(['default_one__ConfigMap']);
    const lines = `worker/.git/y.yaml ${hex('md5', configMap('five', {}))}\nworker/one.yaml ${hex('md5', one)}\n`;
    expect(bucket.status?.artifact?.revision).toBe(`sha256:${hex('sha256', lines)}`);
  });

  it('reads the index anew when an object changes while it is read', async () => {
    await using b = await bucketWorld();
    await b.put({ 'a.yaml': configMap('a', { x: '1' }) });
    await b.w.startAgent();
    // Between the listing and the download.
    let changes = 0;
    b.s3.failWith(503, (request) => {
      if (request.method !== 'GET' || !request.url?.startsWith('/store/a.yaml') || changes++ > 0) return false;
      void b.put({ 'a.yaml': configMap('a', { x: '2' }) });
      return true;
    });
    await b.createBucket();
    await b.w.createUnit('apps', { sourceRef });
    await b.settled('apps');
    await eventually(async () => expect((await find(b, 'a'))?.data).toEqual({ x: '2' }));
    expect((await b.bucket()).status?.artifact?.revision).toBe(`sha256:${hex('sha256', `a.yaml ${hex('md5', configMap('a', { x: '2' }))}\n`)}`);
  });

  it('stands beside a GitRepository of the same name, and may come in the version of old manifests', async () => {
    await using b = await bucketWorld();
    const commit = await b.w.push({ 'git.yaml': configMap('git', {}) });
    await b.put({ 'bucket.yaml': configMap('bucket', {}) });
    await b.w.startAgent();
    await b.w.createSource();
    await b.createBucket({}, { ...buckets, version: 'v1beta2' });
    await b.w.createUnit('from-git');
    await b.w.createUnit('from-bucket', { sourceRef });
    await b.w.settled('from-git', commit);
    const { unit } = await b.settled('from-bucket');
    expect(unit.status?.inventory?.entries?.map(({ id }) => id)).toEqual(['default_bucket__ConfigMap']);
    await b.w.plane.client.delete(buckets, name);
    await eventually(async () => expect(await b.w.plane.client.find(buckets, name)).toBeUndefined());
    await b.w.plane.client.patch(kustomizations, { namespace: NAMESPACE, name: 'from-bucket' }, 'merge', { spec: { interval: '9m' } });
    await eventually(async () => expect(ready(await b.w.unit('from-bucket'))).toMatchObject({ status: 'False', reason: 'ArtifactFailed', message: 'buckets.source.toolkit.fluxcd.io "kratix" not found' }));
    expect(await find(b, 'bucket')).toBeDefined();
  });
});
