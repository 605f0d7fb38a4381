import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { destinations, leases } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { eventually, fakeClock, startS3Server, type FakeClock, type S3Server } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { bucketStore, destination, secret } from './store-objects.ts';
import { bucketPromise, bucketRequest, buckets, condition, create, startWorld, type World } from './world.ts';

interface PlayedWorld extends AsyncDisposable {
  readonly world: World;
  readonly s3: S3Server;
  readonly own: S3Client;
  /** What Flux would call the bucket's revision now. */
  revision(prefix?: string): Promise<string>;
  /** What the reporter of a cluster with Flux would say that is at this revision. */
  report(revision: string, source?: object): Promise<void>;
  request(name: string): Promise<void>;
  sees(name: string, type: string, expected: object): Promise<unknown>;
}

/** A platform that writes to a real bucket; the test plays Flux and the reporter. */
async function playedWorld(clock?: FakeClock): Promise<PlayedWorld> {
  await using undo = new AsyncDisposableStack();
  const s3 = undo.use(await startS3Server());
  const { id, secret: key } = s3.accessKey;
  const own = undo.adopt(new S3Client({ region: 'us-east-1', endpoint: `http://${s3.endpoint}`, forcePathStyle: true, credentials: { accessKeyId: id, secretAccessKey: key } }), (client) => client.destroy());
  const make = { 'test/make': ({ path }: { readonly path: (inside: string) => string }) => writeFileSync(join(path('/kratix/output'), 'app.yaml'), 'a: 1\n') };
  const store = bucketStore('archive', { bucketName: s3.bucket, endpoint: s3.endpoint, insecure: true, secretRef: { name: 's3', namespace: 'default' } });
  const world = undo.use(await startWorld(make, {}, { ...(clock ? { clock } : {}), objects: [secret('s3', { accessKeyID: id, secretAccessKey: key }), store] }));
  const target = destination('remote', { kind: 'BucketStateStore', name: 'archive' });
  await create(world.plane, { ...target, metadata: { ...target.metadata, labels: { environment: 's3' } } } as KubeObject);
  await create(world.plane, bucketPromise(undefined, { destinationSelectors: [{ matchLabels: { environment: 's3' } }] }));
  await eventually(async () => (await world.promise()).status?.status === 'Available');
  const spec = { holderIdentity: 'x', leaseDurationSeconds: 100_000, renewTime: new Date(clock?.now() ?? Date.now()).toISOString().replace('Z', '000Z') };
  await world.plane.client.create(leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace: 'kratix-platform-system', name: 'destination-remote' }, spec });
  const owned = undo.move();
  return {
    world,
    s3,
    own,
    revision: async (Prefix = '') => {
      const { Contents = [] } = await own.send(new ListObjectsV2Command({ Bucket: s3.bucket, Prefix }));
      const lines = Contents.map(({ Key, ETag }) => `${Key} ${ETag?.replaceAll('"', '')}\n`).toSorted();
      return `sha256:${createHash('sha256').update(lines.join('')).digest('hex')}`;
    },
    report: async (revision, source = {}) => {
      const unit = (folder: string) => ({ name: folder, source: 'kratix', sourceKind: 'Bucket', path: `remote/${folder}`, ready: 'True', lastAppliedRevision: revision, lastAttemptedRevision: revision, appliedAt: '2026-01-01T00:00:00Z' });
      const agent = { reportedAt: new Date().toISOString(), sources: [{ kind: 'Bucket', name: 'kratix', ready: 'True', revision, ...source }], kustomizations: [unit('dependencies'), unit('resources')], unhealthy: [], unhealthyCount: 0 };
      await world.plane.client.patch(destinations, { name: 'remote' }, 'merge', { status: { agent } }, { subresource: 'status' });
    },
    request: async (name) => {
      await world.plane.client.create(buckets, bucketRequest(name));
      await eventually(async () => expect(condition(await world.request(name), 'Reconciled')).toMatchObject({ status: 'True' }));
    },
    sees: (name, type, expected) => eventually(async () => expect(condition(await world.request(name), type)).toMatchObject(expected)),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const applied = { status: 'True', reason: 'Applied', provedAt: '2026-01-01T00:00:00Z' };
const pending = { status: 'Unknown', reason: 'ApplyPending' };

describe('what a destination reports of a bucket', () => {
  it('counts for what the bucket held then, and for nothing that came later', async () => {
    await using w = await playedWorld();
    await w.request('one');
    const first = await w.revision();
    await w.report(first);
    await w.sees('one', 'Applied', applied);
    await w.request('two');
    await w.sees('two', 'Applied', { ...pending, message: expect.stringMatching(/^Destination remote has not applied version [0-9a-f]{7} yet$/) });
    expect(condition(await w.world.request('one'), 'Applied')).toMatchObject(applied);
    await w.report(await w.revision());
    await w.sees('two', 'Applied', applied);
    // It goes back.
    await w.report(first);
    await w.sees('two', 'Applied', pending);
    expect(condition(await w.world.request('one'), 'Applied')).toMatchObject(applied);
  });

  it('counts for nothing when nobody has seen it, until it is seen', async () => {
    await using w = await playedWorld();
    await w.request('one');
    await w.report(`sha256:${'0'.repeat(64)}`);
    await w.sees('one', 'Applied', { ...pending, message: expect.stringContaining('what it has was read while the bucket was being written, or is not known here') });
    // Others write into the bucket: the platform looks.
    await w.own.send(new PutObjectCommand({ Bucket: w.s3.bucket, Key: 'other/file', Body: 'x' }));
    await w.report(await w.revision());
    await w.sees('one', 'Applied', applied);
    // An agent that takes a part of it only.
    await w.report(await w.revision('remote/'), { prefix: 'remote/' });
    await w.request('two');
    await w.report(await w.revision('remote/'), { prefix: 'remote/' });
    await w.sees('two', 'Applied', applied);
    await w.world.restart();
    await w.request('three');
    await w.report(await w.revision('remote/'), { prefix: 'remote/' });
    await w.sees('three', 'Applied', applied);
  });

  it('is looked into when a file of ours is missing: it is written again, and awaited', async () => {
    await using w = await playedWorld();
    await w.request('one');
    const whole = await w.revision();
    await w.report(whole);
    await w.sees('one', 'Applied', applied);
    const { Contents = [] } = await w.own.send(new ListObjectsV2Command({ Bucket: w.s3.bucket, Prefix: 'remote/resources/default' }));
    await w.own.send(new DeleteObjectCommand({ Bucket: w.s3.bucket, Key: Contents[0]!.Key! }));
    await w.report(await w.revision());
    await w.sees('one', 'Applied', pending);
    await eventually(async () => expect(await w.revision()).toBe(whole));
    await w.report(whole);
    await w.sees('one', 'Applied', applied);
  });

  it('does not stay green for an agent that has gone elsewhere', async () => {
    const clock = fakeClock(Date.now());
    await using w = await playedWorld(clock);
    await w.request('one');
    const known = await w.revision();
    await w.report(known);
    await w.sees('one', 'Ready', { status: 'True' });
    await w.report(`sha256:${'0'.repeat(64)}`);
    // It was asked for, and it is not there.
    w.s3.requests.length = 0;
    await w.report(`sha256:${'1'.repeat(64)}`);
    await eventually(() => w.s3.requests.some((request) => request.includes('list-type=2')));
    await clock.advance(14 * 60_000);
    expect(condition(await w.world.request('one'), 'Ready')).toMatchObject({ status: 'True' });
    await clock.advance(2 * 60_000);
    await w.sees('one', 'Applied', pending);
    await w.sees('one', 'Ready', pending);
    await w.report(known);
    await w.sees('one', 'Ready', { status: 'True' });
  });
});
