import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configMaps, pods } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import { eventually, fakeApi } from '@plinth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInstanceProgram } from '../src/index.ts';
import { connect } from '../src/sql/connection.ts';
import { startDatabasePod, type DatabasePod } from './support/database-pod.ts';

const home = mkdtempSync(join(tmpdir(), 'plinth-instance-'));
chmodSync(home, 0o700);
const program = createInstanceProgram({ engineRoot: join(home, 'engine') });
beforeAll(() => program.prepare());
afterAll(async () => {
  await program[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
});

const onLinux = process.platform === 'linux';
if (!onLinux) console.log('skipped: the tests of the instance program need a loopback address per pod, which only Linux has');

async function query<Row extends object>(pod: DatabasePod, text: string, password = 'super-secret'): Promise<readonly Row[]> {
  const connection = await connect({ host: pod.ip, port: 5432, user: 'postgres', password, database: 'postgres' });
  try {
    return await connection.query<Row>(text);
  } finally {
    await connection.end();
  }
}
const untilReady = (pod: DatabasePod): Promise<void> => eventually(() => expect(pod.isReady(), pod.log()).toBe(true), { timeoutMs: 20_000 });
const annotation = async (client: ReturnType<typeof fakeApi>['client'], name: string): Promise<Readonly<Record<string, string>>> =>
  (await client.get<KubeObject>(configMaps, { namespace: 'default', name })).metadata.annotations ?? {};
const pidOf = (scope: string, ordinal = 0): number => Number(readFileSync(join(home, 'volumes', `${scope}-${ordinal}`, 'pgroot/data/postmaster.pid'), 'utf8').split('\n')[0]);
const volume = join(home, 'volumes');

describe.runIf(onLinux)('the program in a database pod', () => {
  it('leads, answers SQL with the issued password only, and says so in the API', async () => {
    const { client } = fakeApi();
    const asked = performance.now();
    await using pod = await startDatabasePod(program, client, { scope: 'first', volume });
    await untilReady(pod);
    console.log(`cold pod until ready: ${(performance.now() - asked).toFixed(0)} ms`);
    expect(await query(pod, 'select 1 as one')).toEqual([{ one: 1 }]);
    await expect(query(pod, 'select 1', 'guess')).rejects.toMatchObject({ code: '28P01' });
    const { metadata } = await client.get<KubeObject>(pods, { namespace: 'default', name: 'first-0' });
    expect(metadata.labels).toMatchObject({ 'spilo-role': 'master' });
    expect(JSON.parse(metadata.annotations!['status']!)).toMatchObject({ role: 'primary', state: 'running' });
    expect(await annotation(client, 'first-leader')).toMatchObject({ leader: 'first-0' });
    expect(await annotation(client, 'first-config')).toMatchObject({ initialize: expect.stringMatching(/^\d+$/) as string });
    expect(pod.log()).not.toContain('super-secret');
  });

  it('ends with code 1 when its server is killed, and comes back with the rows', async () => {
    const { client } = fakeApi();
    const pod = await startDatabasePod(program, client, { scope: 'killed', volume });
    await untilReady(pod);
    await query(pod, 'create table t (n int); insert into t values (42)');
    process.kill(pidOf('killed'), 'SIGKILL');
    expect(await pod.ended).toBe(1);
    expect(pod.isReady()).toBe(false);
    await using again = await startDatabasePod(program, client, { scope: 'killed', volume, ip: pod.ip });
    await untilReady(again);
    expect(await query(again, 'select n from t')).toEqual([{ n: 42 }]);
  });

  it('is not ready while its server hangs, and is again when it goes on', async () => {
    const { client } = fakeApi();
    await using pod = await startDatabasePod(program, client, { scope: 'hung', volume });
    await untilReady(pod);
    const processes = [pidOf('hung'), ...readFileSync(`/proc/${pidOf('hung')}/task/${pidOf('hung')}/children`, 'utf8').trim().split(' ').map(Number)];
    const send = (signal: 'SIGSTOP' | 'SIGCONT'): void => processes.forEach((pid) => process.kill(pid, signal));
    send('SIGSTOP');
    try {
      await eventually(() => expect(pod.isReady()).toBe(false), { timeoutMs: 10_000 });
    } finally {
      send('SIGCONT');
    }
    await untilReady(pod);
  });

  it('adopts a server whose process was left behind, and notices its death', async () => {
    const { client } = fakeApi();
    const pod = await startDatabasePod(program, client, { scope: 'left', volume });
    await untilReady(pod);
    const pid = pidOf('left');
    pod.abandon();
    // A program of another process, as after a kill -9 of the first.
    await using other = createInstanceProgram({ engineRoot: join(home, 'engine') });
    const again = await startDatabasePod(other, client, { scope: 'left', volume, ip: pod.ip });
    await untilReady(again);
    expect(again.log()).toContain(`the server ${pid} runs already, it is adopted`);
    process.kill(pid, 'SIGKILL');
    expect(await again.ended).toBe(1);
    await pod.ended;
  });

  it('stops a server that was left behind when its pod is gone by the time anybody looks', async () => {
    const { client } = fakeApi();
    const pod = await startDatabasePod(program, client, { scope: 'orphan', volume });
    await untilReady(pod);
    const pid = pidOf('orphan');
    pod.abandon();
    await using other = createInstanceProgram({ engineRoot: join(home, 'engine') });
    const reaper = await startDatabasePod(other, client, { scope: 'orphan', volume, ip: pod.ip });
    expect(await reaper.stop()).toBe(0);
    // It is a child of this process, which has to take note of its end.
    await eventually(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'));
    await pod.ended;
  });

  it('stops its server within two seconds when it is told to, clients or not', async () => {
    const { client } = fakeApi();
    const pod = await startDatabasePod(program, client, { scope: 'stopped', volume });
    await untilReady(pod);
    const connection = await connect({ host: pod.ip, port: 5432, user: 'postgres', password: 'super-secret', database: 'postgres' });
    const pid = pidOf('stopped');
    const asked = performance.now();
    expect(await pod.stop()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(2_000);
    await connection.closed;
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('takes a new superuser password from a new Secret, although nobody can log in with the old one', async () => {
    const { client } = fakeApi();
    const pod = await startDatabasePod(program, client, { scope: 'secret', volume });
    await untilReady(pod);
    await pod.stop();
    await using again = await startDatabasePod(program, client, { scope: 'secret', volume, ip: pod.ip, env: { PGPASSWORD_SUPERUSER: 'another', PGPASSWORD_STANDBY: 'other' } });
    await untilReady(again);
    expect(await query(again, 'select 1 as one', 'another')).toEqual([{ one: 1 }]);
    await expect(query(again, 'select 1', 'super-secret')).rejects.toMatchObject({ code: '28P01' });
  });

  it('takes over parameters that are changed in the config record, by reload or by restart', async () => {
    const { client } = fakeApi();
    const spilo = { postgresql: { parameters: { work_mem: '6MB' } }, bootstrap: { dcs: { ttl: 30, postgresql: { parameters: { max_connections: '40' } } } } };
    await using pod = await startDatabasePod(program, client, { scope: 'tuned', volume, env: { SPILO_CONFIGURATION: JSON.stringify(spilo) } });
    await untilReady(pod);
    const settings = (): Promise<readonly object[]> => query(pod, "select current_setting('work_mem') as work_mem, current_setting('max_connections') as max_connections");
    expect(await settings()).toEqual([{ work_mem: '6MB', max_connections: '40' }]);
    const change = (parameters: object): Promise<unknown> =>
      client.patch(configMaps, { namespace: 'default', name: 'tuned-config' }, 'merge', { metadata: { annotations: { config: JSON.stringify({ postgresql: { parameters } }) } } });
    const pid = pidOf('tuned');
    await change({ work_mem: '8MB', max_connections: '40' });
    await eventually(async () => expect(await settings()).toEqual([{ work_mem: '8MB', max_connections: '40' }]));
    expect(pidOf('tuned')).toBe(pid);
    await change({ work_mem: '8MB', max_connections: '50' });
    await eventually(async () => expect(await settings()).toEqual([{ work_mem: '8MB', max_connections: '50' }]));
    expect(pidOf('tuned')).not.toBe(pid);
  });

  it('streams from the leader as a replica, and follows it to another address', async () => {
    const { client } = fakeApi();
    const leader = await startDatabasePod(program, client, { scope: 'pair', volume });
    await untilReady(leader);
    await query(leader, 'create table t (n int); insert into t select generate_series(1, 100)');
    await using replica = await startDatabasePod(program, client, { scope: 'pair', ordinal: 1, volume });
    await untilReady(replica);
    const rows = (): Promise<readonly object[]> => query(replica, 'select count(*)::int as n, pg_is_in_recovery() as standby from t');
    expect(await rows()).toEqual([{ n: 100, standby: true }]);
    expect((await client.get<KubeObject>(pods, { namespace: 'default', name: 'pair-1' })).metadata.labels).toMatchObject({ 'spilo-role': 'replica' });
    await leader.stop();
    await using moved = await startDatabasePod(program, client, { scope: 'pair', volume });
    await untilReady(moved);
    await query(moved, 'insert into t values (0)');
    await eventually(async () => expect(await rows()).toEqual([{ n: 101, standby: true }]));
  });

  it('never starts an initialised cluster afresh when its volume is gone', async () => {
    const { client } = fakeApi();
    const pod = await startDatabasePod(program, client, { scope: 'lost', volume });
    await untilReady(pod);
    await pod.stop();
    rmSync(join(volume, 'lost-0'), { recursive: true });
    const again = await startDatabasePod(program, client, { scope: 'lost', volume });
    await expect(again.ended).rejects.toThrow('the cluster lost was initialised before');
  });
});
