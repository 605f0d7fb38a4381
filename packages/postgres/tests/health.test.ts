import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { healthRecords, postgresqls, secrets, services, type HealthRecord, type Postgresql, type Service } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { silentLogger } from '@plinth/controller-runtime';
import { eventually, fakeApi, type FakeApi } from '@plinth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInstanceProgram, startHealthAgent } from '../src/index.ts';
import { connect } from '../src/sql/connection.ts';
import { podAddress, startDatabasePod, type DatabasePod } from './support/database-pod.ts';

const home = mkdtempSync(join(tmpdir(), 'plinth-health-'));
chmodSync(home, 0o700);
const program = createInstanceProgram({ engineRoot: join(home, 'engine') });
beforeAll(() => program.prepare());
afterAll(async () => {
  await program[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
});

const onLinux = process.platform === 'linux';
if (!onLinux) console.log('skipped: the tests of the health agent need a loopback address per pod, which only Linux has');

const ready = { conditions: [{ type: 'Ready', status: 'True', reason: 'AcceptsSQL', message: '', lastTransitionTime: '2026-11-22T00:00:00Z' }], PostgresClusterStatus: 'Running' };
const password = 'issued-to-acid';

/** A database with a user `acid`, behind a Service whose address is the pod's. */
async function startDatabase(worker: FakeApi, scope: string, ip = podAddress()): Promise<DatabasePod> {
  const pod = await startDatabasePod(program, worker.client, { scope, volume: join(home, 'volumes'), ip });
  await eventually(() => expect(pod.isReady(), pod.log()).toBe(true), { timeoutMs: 20_000 });
  const connection = await connect({ host: ip, port: 5432, user: 'postgres', password: 'super-secret', database: 'postgres' });
  await connection.query(`do $$ begin if not exists (select from pg_roles where rolname = 'acid') then create role acid login password '${password}'; end if; end $$`);
  await connection.query('create database bestdb owner acid').catch(() => {});
  await connection.end();
  return pod;
}

async function describeDatabase(worker: FakeApi, scope: string, clusterIP: string): Promise<void> {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const metadata = { name: scope, namespace: 'default' };
  await worker.client.create(services, { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP } } as Service);
  await worker.client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { ...metadata, name: `acid.${scope}.credentials.postgresql.acid.zalan.do` }, data: { username: base64('acid'), password: base64(password) } } as KubeObject);
  await worker.client.create(postgresqls, {
    apiVersion: 'acid.zalan.do/v1',
    kind: 'postgresql',
    metadata: { ...metadata, labels: { 'kratix.io/promise-name': 'postgresql', 'kratix.io/resource-name': 'example', 'kratix.io/resource-namespace': 'team-a' } },
    spec: { teamId: 'acid', numberOfInstances: 1, postgresql: { version: '18' }, volume: { size: '1Gi' }, users: { acid: [] }, databases: { bestdb: 'acid' } },
    status: ready,
  } as unknown as Postgresql);
}
const recordsOf = async (platform: FakeApi): Promise<readonly HealthRecord[]> => (await platform.client.list<HealthRecord>(healthRecords, { namespace: 'team-a' })).items;
const untilState = (platform: FakeApi, state: string): Promise<void> => eventually(async () => expect(await recordsOf(platform)).toMatchObject([{ data: { state } }]), { timeoutMs: 10_000 });

describe.runIf(onLinux)(startHealthAgent, () => {
  it('says ready after logging in as the owner, unhealthy within a second of a crash, and ready again', async () => {
    const [worker, platform] = [fakeApi(), fakeApi()];
    const pod = await startDatabase(worker, 'watched');
    await describeDatabase(worker, 'watched', pod.ip);
    await using _ = startHealthAgent({ worker: worker.client, platform: platform.client, signal: new AbortController().signal, log: silentLogger });
    await untilState(platform, 'ready');
    const [record] = await recordsOf(platform);
    expect(record!.data).toMatchObject({
      promiseRef: { name: 'postgresql' },
      resourceRef: { name: 'example', namespace: 'team-a' },
      details: { host: 'watched.default.svc.cluster.local', port: 5432, database: 'bestdb', user: 'acid', secret: 'default/acid.watched.credentials.postgresql.acid.zalan.do' },
    });
    expect(JSON.stringify(record)).not.toContain(password);

    const killed = performance.now();
    process.kill(Number(readFileSync(join(home, 'volumes/watched-0/pgroot/data/postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
    await untilState(platform, 'unhealthy');
    expect(performance.now() - killed).toBeLessThan(1_000);
    await pod.ended;
    await using _again = await startDatabase(worker, 'watched', pod.ip);
    await untilState(platform, 'ready');
    expect((await recordsOf(platform))[0]!.data?.details).not.toHaveProperty('message');
  });

  it('notices a server that hangs and closes no connection', async () => {
    const [worker, platform] = [fakeApi(), fakeApi()];
    await using pod = await startDatabase(worker, 'hanging');
    await describeDatabase(worker, 'hanging', pod.ip);
    await using _ = startHealthAgent({ worker: worker.client, platform: platform.client, signal: new AbortController().signal, log: silentLogger });
    await untilState(platform, 'ready');
    const postmaster = readFileSync(join(home, 'volumes/hanging-0/pgroot/data/postmaster.pid'), 'utf8').split('\n')[0]!;
    const processes = [postmaster, ...readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').trim().split(' ')].map(Number);
    const send = (signal: 'SIGSTOP' | 'SIGCONT'): void => processes.forEach((pid) => process.kill(pid, signal));
    send('SIGSTOP');
    try {
      await untilState(platform, 'unhealthy');
      expect((await recordsOf(platform))[0]!.data?.details?.['message']).toMatch(/^the server does not answer: /);
    } finally {
      send('SIGCONT');
    }
    await untilState(platform, 'ready');
  });

  it('says why it cannot log in', async () => {
    const [worker, platform] = [fakeApi(), fakeApi()];
    await describeDatabase(worker, 'absent', podAddress());
    await using _ = startHealthAgent({ worker: worker.client, platform: platform.client, signal: new AbortController().signal, log: silentLogger });
    await untilState(platform, 'unhealthy');
    expect((await recordsOf(platform))[0]!.data?.details?.['message']).toMatch(/^logging in as acid to bestdb failed: connect ECONNREFUSED/);
  });

  it('deletes the record of a database that is gone, also when it went while no agent ran', async () => {
    const [worker, platform] = [fakeApi(), fakeApi()];
    await describeDatabase(worker, 'leaving', podAddress());
    const start = (): ReturnType<typeof startHealthAgent> => startHealthAgent({ worker: worker.client, platform: platform.client, signal: new AbortController().signal, log: silentLogger });
    const first = start();
    await untilState(platform, 'unhealthy');
    await first[Symbol.asyncDispose]();
    await worker.client.delete(postgresqls, { namespace: 'default', name: 'leaving' });
    await using _ = start();
    await eventually(async () => expect(await recordsOf(platform)).toEqual([]));
  });
});
