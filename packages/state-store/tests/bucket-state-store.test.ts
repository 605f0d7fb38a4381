import { createHash } from 'node:crypto';
import { selfSigned } from '@plinth/git/testing';
import { describe, expect, it, vi } from 'vitest';
import { BucketClient } from '../src/bucket/bucket-client.ts';
import { BucketStateStore } from '../src/bucket/bucket-state-store.ts';
import type { BucketStateStoreOptions } from '../src/bucket/bucket-state-store.ts';
import type { WriteOutcome } from '../src/writer.ts';
import { directory, files, indexed, stateStoreConformance, text, versionOf } from './conformance.ts';
import { startS3Server, type S3Server } from '@plinth/testing';

stateStoreConformance('a bucket', startBucket, { isFlat: true });
stateStoreConformance('a folder of a bucket', () => startBucket({ path: '/clusters/' }), { isFlat: true });

describe('BucketStateStore', () => {
  it('uploads only what differs, several at a time', async () => {
    await using server = await startS3Server();
    await using store = open(server);
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`f${at}`, `${at}`]));
    await store.write(directory('d', many));
    expect(server.mostAtOnce).toBeGreaterThan(4);
    expect(server.mostAtOnce).toBeLessThanOrEqual(16);
    server.requests.splice(0);
    const outcome = await store.write(directory('d', { ...many, f7: 'changed', f60: 'new', f3: '3' }));
    expect(server.requests.map((request) => request.replace(/\?.*/, '')).toSorted()).toEqual(['GET /store/', 'PUT /store/d/f60', 'PUT /store/d/f7']);
    expect(outcome).toMatchObject({ outcome: 'written', versionId: expect.stringMatching(/^[0-9a-f]{64}$/) });
    server.requests.splice(0);
    expect(await store.write(directory('d', {}))).toMatchObject({ outcome: 'written', versionId: '' });
    expect(new Set(server.requests.filter((request) => request.startsWith('DELETE'))).size).toBe(61);
  });

  it('asks once for all places of a large batch', async () => {
    await using server = await startS3Server();
    await using store = open(server, { path: 'clusters' });
    const changes = [...Array.from({ length: 50 }, (_, at) => directory(`d/${at}`, { a: `${at}` })), indexed('n/.kratix/x.yaml', { 'n/a': '1' })];
    await store.writeAll(changes);
    await using other = open(server, { path: 'clusters' });
    server.requests.splice(0);
    expect((await other.writeAll(changes)).map((each) => each.outcome)).toEqual(changes.map(() => 'unchanged'));
    expect(server.requests.map((request) => request.replace(/\?.*/, ''))).toEqual(['GET /store/', 'GET /store/clusters/n/.kratix/x.yaml']);
  });

  it('waits a moment for a server that is busy, then says so, and works again when it is not', async () => {
    await using server = await startS3Server();
    await using store = open(server, { attempts: 2 });
    await store.write(directory('d/one', { a: '1' }));
    let times = 0;
    server.failWith(503, () => ++times === 1);
    expect(await store.write(directory('d/two', { a: '1' }))).toMatchObject({ outcome: 'written' });
    server.failWith(503);
    const failed = await store.write(directory('d/three', { a: '1' }, 'wp-three'));
    expect(failed).toMatchObject({ outcome: 'failed', error: { reason: 'unreachable', message: `cannot write wp-three: cannot list d/three/ in bucket "store" at ${server.endpoint}: 503 SlowDown (Please reduce your request rate.)`, hint: expect.stringContaining('endpoint') } });
    await expect(store.probe()).rejects.toMatchObject({ reason: 'unreachable' });
    server.failWith(undefined);
    expect(await store.write(directory('d/three', { a: '1' }, 'wp-three'))).toMatchObject({ outcome: 'written' });
  });

  it('tells of each change of a batch whether it is in the bucket, when some uploads fail', async () => {
    await using server = await startS3Server();
    await using store = open(server, { attempts: 1 });
    server.failWith(503, (request) => request.method === 'PUT' && request.url!.includes('/d/2/b'));
    const outcomes = await store.writeAll(Array.from({ length: 5 }, (_, at) => directory(`d/${at}`, { a: '1', b: '1' })));
    expect(outcomes.map((each) => each.outcome)).toEqual(['written', 'written', 'failed', 'written', 'written']);
    server.failWith(undefined);
    expect(await store.write(directory('d/2', { a: '1', b: '1' }))).toMatchObject({ outcome: 'written' });
    expect(await store.list('')).toHaveLength(10);
  });

  it('leaves no file without an index, wherever it breaks off', async () => {
    await using server = await startS3Server();
    const index = 'd/.kratix/ns-wp.yaml';
    for (let failing = 0; failing < 8; failing++) {
      await using store = open(server, { attempts: 1 });
      await store.write(indexed(index, { 'd/a': '1', 'd/b': '1' }));
      let changes = 0;
      server.failWith(503, (request) => ['PUT', 'DELETE'].includes(request.method!) && changes++ === failing);
      await store.write(indexed(index, { 'd/b': '2', 'd/c': '2' }));
      server.failWith(undefined);
      const named = text(await store.read(index))!;
      for (const path of await store.list('')) if (path !== index) expect(named).toContain(path);
      await store.write(indexed(index, {}));
      expect(await store.list('')).toEqual([]);
    }
  });

  it('says which key, bucket or certificate is wrong, and no secret', async () => {
    const tls = await selfSigned();
    await using server = await startS3Server({ tls });
    const probing = async (options: Partial<BucketStateStoreOptions>): Promise<void> => {
      await using store = open(server, { attempts: 1, insecure: false, ca: tls.cert, ...options });
      await store.probe();
    };
    await probing({});
    await expect(probing({ bucket: 'missing' })).rejects.toMatchObject({ reason: 'not-found', message: expect.stringContaining('bucket "missing"'), hint: expect.stringContaining('bucketName') });
    await expect(probing({ accessKey: { id: 'S3RVER', secret: 'wrong-secret' } })).rejects.toMatchObject({ reason: 'unauthorized', message: expect.not.stringContaining('wrong-secret') });
    await expect(probing({ accessKey: { id: 'nobody', secret: 'x' } })).rejects.toMatchObject({ reason: 'unauthorized', message: expect.stringContaining('InvalidAccessKeyId') });
    await expect(probing({ endpoint: '127.0.0.1:1' })).rejects.toMatchObject({ reason: 'unreachable', message: expect.stringMatching(/connection refused$/) });
    const { ca: _, ...untrusting } = { ...options(server), insecure: false, attempts: 1 };
    await using store = BucketStateStore.open(untrusting);
    await expect(store.probe()).rejects.toMatchObject({ reason: 'unreachable', message: expect.stringContaining('self-signed certificate') });
    expect(() => open(server, { endpoint: 'https://host/with/path' })).toThrow('is not of the form host or host:port');
    expect(() => open(server, { bucket: '../x' })).toThrow('cannot be the name of a bucket');
  });

  it('takes its key from the environment where it is given none', async () => {
    await using server = await startS3Server();
    vi.stubEnv('AWS_ACCESS_KEY_ID', server.accessKey.id);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', server.accessKey.secret);
    const { accessKey: _, ...ambient } = options(server);
    await using store = BucketStateStore.open(ambient);
    await store.probe();
    expect(await store.write(files({ a: '1' }))).toMatchObject({ outcome: 'written' });
    vi.unstubAllEnvs();
  });

  it('notices with a probe that somebody else changed what it wrote', async () => {
    await using server = await startS3Server();
    let times = 0;
    await using store = open(server, { onForeignChange: () => void times++ });
    await using other = open(server);
    await store.write(directory('d/one', { a: '1' }));
    await other.write(directory('d/two', { a: '1' }));
    await store.probe();
    expect(times).toBe(0);
    await other.write(directory('d/one', { a: 'other' }));
    await store.probe();
    await store.probe();
    expect(times).toBe(1);
    expect(await store.write(directory('d/one', { a: '1' }))).toMatchObject({ outcome: 'written' });
  });

  it('gives what it wrote, and what it found to be there already, the same version', async () => {
    await using server = await startS3Server();
    await using store = open(server);
    const first = await store.write(indexed('.kratix/x.yaml', { a: '1', b: '2' }));
    await using other = open(server);
    expect(versionOf(await other.write(indexed('.kratix/x.yaml', { a: '1', b: '2' })))).toBe(versionOf(first));
  });

  it('knows by the revision of a listing which writes were there', async () => {
    await using server = await startS3Server();
    let times = 0;
    await using store = open(server, { path: 'clusters', onForeignChange: () => void times++ });
    await using whole = open(server);
    await store.probe();
    const one = await store.write(directory('d/one', { a: '1', b: '1' }));
    const revision = await revisionNow(server, 'clusters/');
    const two = await store.write(directory('d/two', { a: '2' }));
    const changed = await store.write(directory('d/one', { a: '1' }));
    expect([one, two, changed].map((write) => store.contains(revision, heldAt(write)))).toEqual([true, false, false]);
    const latest = await revisionNow(server, 'clusters/');
    expect([one, two, changed].map((write) => store.contains(latest, heldAt(write)))).toEqual([true, true, true]);

    // Somebody who takes the whole bucket, into which others write, too.
    await whole.write(directory('elsewhere', { x: '1' }));
    const all = await revisionNow(server, '');
    expect(store.contains(all, heldAt(two))).toBeUndefined();
    expect(await store.identify([all], '')).toBe(true);
    expect(store.contains(all, heldAt(two))).toBe(true);
    expect(await store.identify(['0'.repeat(64)], '')).toBe(false);
    expect(times).toBe(0);

    // A file of ours goes behind our back.
    await whole.write(directory('clusters/d/two', {}));
    const without = await revisionNow(server, 'clusters/');
    expect(await store.identify([without], 'clusters/')).toBe(true);
    expect(times).toBe(1);
    expect(store.contains(without, heldAt(two))).toBeUndefined();
    expect(store.contains(without, heldAt(await store.write(directory('d/two', { a: '2' }))))).toBe(false);
  });
});

const heldAt = (outcome: WriteOutcome): string => (outcome.outcome === 'failed' ? '' : outcome.heldAt!);

/** What an agent makes of the bucket: over the real listing. */
async function revisionNow(server: S3Server, prefix: string): Promise<string> {
  using client = new BucketClient(options(server));
  const lines = [...(await client.list(prefix, new AbortController().signal))].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, etag]) => `${key} ${etag}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}

function options(server: S3Server): BucketStateStoreOptions {
  return { bucket: server.bucket, endpoint: server.endpoint, insecure: true, accessKey: server.accessKey };
}

function open(server: S3Server, extra: Partial<BucketStateStoreOptions> = {}): BucketStateStore {
  return BucketStateStore.open({ ...options(server), ...extra });
}

async function startBucket(extra: Partial<BucketStateStoreOptions> = {}): Promise<AsyncDisposable & { open(): Promise<BucketStateStore> }> {
  const server = await startS3Server();
  return { open: async () => open(server, extra), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}
