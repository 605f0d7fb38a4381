import {
  configMaps, coreEvents, cronJobs, persistentVolumeClaims, podDisruptionBudgets, pods, postgresqls, roleBindings, secrets, serviceAccounts, services, statefulSets,
  type Postgresql, type Secret,
} from '@plinth/api';
import { isNotFound, type ApiResource, type KubeObject } from '@plinth/apimachinery';
import { eventually } from '@plinth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../src/sql/connection.ts';
import { openEngineRoom, postgresql, startWorld, untilStatus, type World } from './support/world.ts';

const room = openEngineRoom();
beforeAll(() => room.program.prepare());
afterAll(() => room[Symbol.asyncDispose]());

const onLinux = process.platform === 'linux';
if (!onLinux) console.log('skipped: the tests of the operator need a loopback address per pod, which only Linux has');

const suffix = 'credentials.postgresql.acid.zalan.do';
const names = async (world: World, resource: ApiResource): Promise<readonly string[]> => (await world.client.list<KubeObject>(resource, { namespace: 'default' })).items.map(({ metadata }) => metadata.name).sort();
const decoded = ({ data }: Secret): Readonly<Record<string, string>> => Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));

async function login(world: World, cluster: string, user: string, database: string): Promise<Awaited<ReturnType<typeof connect>>> {
  const secret = decoded(await world.client.get<Secret>(secrets, { namespace: 'default', name: `${user.replaceAll('_', '-')}.${cluster}.${suffix}` }));
  return connect({ host: world.kubelet.addresses.get(`${cluster}-0`)!, port: 5432, user: secret['username']!, password: secret['password']!, database });
}
async function query(world: World, cluster: string, user: string, database: string, text: string): Promise<readonly object[]> {
  const connection = await login(world, cluster, user, database);
  try {
    return await connection.query(text);
  } finally {
    await connection.end();
  }
}

describe.runIf(onLinux)('the operator', () => {
  it('makes a database that its owner can log in to, with all objects under their contract names', async () => {
    await using world = await startWorld(room);
    const asked = performance.now();
    await world.client.create(postgresqls, postgresql('acid-example-postgresql', { enableLogicalBackup: true }));
    const object = await untilStatus(world, 'acid-example-postgresql', 'Running');
    console.log(`created until Running: ${(performance.now() - asked).toFixed(0)} ms`);
    expect(await query(world, 'acid-example-postgresql', 'acid', 'bestdb', 'select current_user::text as who')).toEqual([{ who: 'acid' }]);
    expect(object.metadata.finalizers).toEqual(['postgres-operator.acid.zalan.do']);
    expect(object.status).toMatchObject({ observedGeneration: 1, readyInstances: 1, primary: 'acid-example-postgresql-0' });
    expect(object.status?.conditions).toMatchObject([{ type: 'Ready', status: 'True' }, { type: 'Progressing', status: 'False' }, { type: 'Degraded', status: 'False' }]);

    expect(await names(world, secrets)).toEqual(['acid', 'postgres', 'standby'].map((user) => `${user}.acid-example-postgresql.${suffix}`));
    const secret = await world.client.get<Secret>(secrets, { namespace: 'default', name: `acid.acid-example-postgresql.${suffix}` });
    expect(secret.metadata.labels).toEqual({ application: 'spilo', 'cluster-name': 'acid-example-postgresql', team: 'acid' });
    expect(decoded(secret)).toMatchObject({ username: 'acid', password: expect.stringMatching(/^[a-zA-Z0-9]{64}$/) as string, host: 'acid-example-postgresql.default.svc.cluster.local', port: '5432', dbname: 'bestdb' });
    expect(await names(world, services)).toEqual(expect.arrayContaining(['acid-example-postgresql', 'acid-example-postgresql-repl']));
    expect(await names(world, podDisruptionBudgets)).toEqual(['postgres-acid-example-postgresql-critical-op-pdb', 'postgres-acid-example-postgresql-pdb']);
    expect(await names(world, statefulSets)).toEqual(['acid-example-postgresql']);
    expect(await names(world, persistentVolumeClaims)).toEqual(['pgdata-acid-example-postgresql-0']);
    expect(await names(world, cronJobs)).toEqual(['logical-backup-acid-example-postgresql']);
    expect(await names(world, serviceAccounts)).toContain('postgres-pod');
    await eventually(async () => {
      const messages = (await world.client.list<KubeObject & { reason?: string; message?: string }>(coreEvents, { namespace: 'default' })).items.map(({ reason, message }) => `${reason}: ${message}`);
      expect(messages).toEqual(expect.arrayContaining([
        'Create: Started creation of new cluster resources',
        'Services: The service "default/acid-example-postgresql" for role master has been successfully created',
        'Secrets: The secrets have been successfully created',
        'StatefulSet: Statefulset "default/acid-example-postgresql" has been successfully created',
      ]));
    });
    expect(world.operatorLog()).not.toContain(decoded(secret)['password']);
  });

  it('removes everything but what the namespace shares when the database is deleted', async () => {
    await using world = await startWorld(room);
    await world.client.create(postgresqls, postgresql('acid-gone'));
    await untilStatus(world, 'acid-gone', 'Running');
    await world.client.delete(postgresqls, { namespace: 'default', name: 'acid-gone' });
    await eventually(async () => {
      const gone = await world.client.get(postgresqls, { namespace: 'default', name: 'acid-gone' }).then(() => undefined, (error: unknown) => error);
      expect(isNotFound(gone), world.operatorLog()).toBe(true);
    }, { timeoutMs: 25_000 });
    for (const resource of [statefulSets, pods, persistentVolumeClaims, secrets, podDisruptionBudgets, cronJobs, configMaps]) {
      expect((await names(world, resource)).filter((name) => name.includes('acid-gone')), resource.plural).toEqual([]);
    }
    expect(await names(world, services)).not.toContain('acid-gone');
    expect(await names(world, serviceAccounts)).toContain('postgres-pod');
    expect(await names(world, roleBindings)).toContain('postgres-pod');
  });

  it('carries a change of parameters, users, databases and volume to a running database, and never takes away', async () => {
    await using world = await startWorld(room);
    await world.client.create(postgresqls, postgresql('acid-changed'));
    await untilStatus(world, 'acid-changed', 'Running');
    await query(world, 'acid-changed', 'acid', 'bestdb', 'create table t (n int); insert into t values (7)');
    await world.client.patch(postgresqls, { namespace: 'default', name: 'acid-changed' }, 'merge', {
      spec: { postgresql: { parameters: { work_mem: '11MB' } }, users: { acid: ['createrole'], foo_user: [] }, databases: { otherdb: 'foo_user', bestdb: 'foo_user' }, volume: { size: '2Gi' }, enableLogicalBackup: true },
    });
    await eventually(async () => {
      const { status } = await world.client.get<Postgresql>(postgresqls, { namespace: 'default', name: 'acid-changed' });
      expect(status, world.operatorLog()).toMatchObject({ PostgresClusterStatus: 'Running', observedGeneration: 2 });
    }, { timeoutMs: 25_000 });
    expect(await query(world, 'acid-changed', 'foo_user', 'otherdb', 'select 1 as one')).toEqual([{ one: 1 }]);
    await eventually(async () => expect(await query(world, 'acid-changed', 'acid', 'bestdb', 'show work_mem')).toEqual([{ work_mem: '11MB' }]));
    expect(await query(world, 'acid-changed', 'acid', 'bestdb', "select n, pg_get_userbyid(datdba)::text as owner from t, pg_database where datname = 'bestdb'")).toEqual([{ n: 7, owner: 'foo_user' }]);
    expect(await query(world, 'acid-changed', 'acid', 'postgres', "select rolsuper, rolcreatedb, rolcreaterole from pg_roles where rolname = 'acid'")).toEqual([{ rolsuper: true, rolcreatedb: true, rolcreaterole: true }]);
    const claim = await world.client.get(persistentVolumeClaims, { namespace: 'default', name: 'pgdata-acid-changed-0' });
    expect(claim).toMatchObject({ spec: { resources: { requests: { storage: '2Gi' } } } });
    expect(await names(world, cronJobs)).toEqual(['logical-backup-acid-changed']);

    await world.client.patch(postgresqls, { namespace: 'default', name: 'acid-changed' }, 'merge', { spec: { volume: { size: '1Gi' }, users: { foo_user: null }, databases: { otherdb: null }, enableLogicalBackup: false } });
    await eventually(async () => {
      const { status } = await world.client.get<Postgresql>(postgresqls, { namespace: 'default', name: 'acid-changed' });
      expect(status).toMatchObject({ PostgresClusterStatus: 'Running', observedGeneration: 3 });
      expect(status?.conditions).toContainEqual(expect.objectContaining({ type: 'ChangesIgnored', status: 'True', message: 'volume pgdata-acid-changed-0: it has 2Gi and cannot shrink to 1Gi' }));
    }, { timeoutMs: 25_000 });
    expect(await query(world, 'acid-changed', 'foo_user', 'otherdb', 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(await names(world, cronJobs)).toEqual([]);
  });

  it('is not Ready while the server is down, and is again when it is back', async () => {
    await using world = await startWorld(room);
    await world.client.create(postgresqls, postgresql('acid-killed'));
    await untilStatus(world, 'acid-killed', 'Running');
    const seen: string[] = [];
    const watching = new AbortController();
    const watch = (async () => {
      for await (const { object } of world.client.watch<Postgresql>(postgresqls, { namespace: 'default', signal: watching.signal })) {
        const condition = (object as Postgresql).status?.conditions?.find(({ type }) => type === 'Ready') as { status: string } | undefined;
        if (condition && seen.at(-1) !== condition.status) seen.push(condition.status);
      }
    })();
    await eventually(() => expect(seen).toEqual(['True']));
    process.kill(pidOf(world, 'acid-killed'), 'SIGKILL');
    await eventually(() => expect(seen, world.operatorLog()).toEqual(['True', 'False', 'True']));
    watching.abort();
    await watch;
    expect(await query(world, 'acid-killed', 'acid', 'bestdb', 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('adds streaming replicas when more instances are asked for, and removes them again', async () => {
    await using world = await startWorld(room);
    await world.client.create(postgresqls, postgresql('acid-wide'));
    await untilStatus(world, 'acid-wide', 'Running');
    const scaleTo = (numberOfInstances: number): Promise<unknown> => world.client.patch(postgresqls, { namespace: 'default', name: 'acid-wide' }, 'merge', { spec: { numberOfInstances } });
    await scaleTo(2);
    await eventually(async () => {
      const { status } = await world.client.get<Postgresql>(postgresqls, { namespace: 'default', name: 'acid-wide' });
      expect(status, world.kubelet.log('acid-wide-1')).toMatchObject({ PostgresClusterStatus: 'Running', observedGeneration: 2, readyInstances: 2 });
    }, { timeoutMs: 25_000 });
    expect(await query(world, 'acid-wide', 'postgres', 'postgres', 'select application_name, state from pg_stat_replication')).toEqual([{ application_name: 'acid-wide-1', state: 'streaming' }]);
    await scaleTo(1);
    await eventually(async () => expect(await names(world, pods)).toEqual(['acid-wide-0']));
    expect(await names(world, persistentVolumeClaims)).toEqual(['pgdata-acid-wide-0', 'pgdata-acid-wide-1']);
  });

  it('replaces pods when their resources change, keeps the rows, and goes on when it is restarted itself', async () => {
    await using world = await startWorld(room);
    await world.client.create(postgresqls, postgresql('acid-rolled'));
    await untilStatus(world, 'acid-rolled', 'Running');
    await query(world, 'acid-rolled', 'acid', 'bestdb', 'create table t (n int); insert into t values (7)');
    const before = (await world.client.get(pods, { namespace: 'default', name: 'acid-rolled-0' })).metadata.uid;
    await world.client.patch(postgresqls, { namespace: 'default', name: 'acid-rolled' }, 'merge', { spec: { resources: { limits: { memory: '600Mi' } } } });
    await world.restartOperator();
    await eventually(async () => {
      const { status } = await world.client.get<Postgresql>(postgresqls, { namespace: 'default', name: 'acid-rolled' });
      expect(status, world.operatorLog()).toMatchObject({ PostgresClusterStatus: 'Running', observedGeneration: 2 });
      expect((await world.client.get(pods, { namespace: 'default', name: 'acid-rolled-0' })).metadata.uid).not.toBe(before);
    }, { timeoutMs: 25_000 });
    expect(await query(world, 'acid-rolled', 'acid', 'bestdb', 'select n from t')).toEqual([{ n: 7 }]);
  });

  it('takes the password of a Secret that was there first', async () => {
    await using world = await startWorld(room);
    const password = 'chosen-by-a-person';
    await world.client.create(secrets, {
      apiVersion: 'v1', kind: 'Secret', metadata: { name: `acid.acid-own.${suffix}`, namespace: 'default' },
      data: { username: Buffer.from('acid').toString('base64'), password: Buffer.from(password).toString('base64') },
    } as Secret);
    await world.client.create(postgresqls, postgresql('acid-own'));
    await untilStatus(world, 'acid-own', 'Running');
    const connection = await connect({ host: world.kubelet.addresses.get('acid-own-0')!, port: 5432, user: 'acid', password, database: 'bestdb' });
    await connection.end();
  });

  it('puts back at once what somebody removed or changed', async () => {
    await using world = await startWorld(room);
    await world.client.create(postgresqls, postgresql('acid-drift', { enableLogicalBackup: true }));
    await untilStatus(world, 'acid-drift', 'Running');
    const removed: readonly (readonly [ApiResource, string])[] = [
      [services, 'acid-drift'],
      [services, 'acid-drift-repl'],
      [secrets, `acid.acid-drift.${suffix}`],
      [podDisruptionBudgets, 'postgres-acid-drift-pdb'],
      [cronJobs, 'logical-backup-acid-drift'],
      [statefulSets, 'acid-drift'],
    ];
    const uidOf = async ([resource, name]: readonly [ApiResource, string]): Promise<string | undefined> => (await world.client.find<KubeObject>(resource, { namespace: 'default', name }))?.metadata.uid;
    const before = await Promise.all(removed.map(uidOf));
    for (const [resource, name] of removed) await world.client.delete(resource, { namespace: 'default', name }, { propagationPolicy: resource === statefulSets ? 'Orphan' : 'Background' });
    await eventually(async () => {
      const after = await Promise.all(removed.map(uidOf));
      const missing = removed.filter((_, index) => after[index] === undefined || after[index] === before[index]).map(([, name]) => name);
      expect(missing, world.operatorLog()).toEqual([]);
    });
    await world.client.patch(services, { namespace: 'default', name: 'acid-drift' }, 'merge', { spec: { selector: { 'spilo-role': 'nobody' } } });
    await eventually(async () => expect(await world.client.get(services, { namespace: 'default', name: 'acid-drift' })).toMatchObject({ spec: { selector: { 'spilo-role': 'master' } } }));
    // The owner's new password is that of its new Secret.
    await eventually(async () => expect(await query(world, 'acid-drift', 'acid', 'bestdb', 'select 1 as one')).toEqual([{ one: 1 }]));
    await untilStatus(world, 'acid-drift', 'Running');
  });

  it('makes roles and databases again in a pod that has a new volume', async () => {
    await using world = await startWorld(room);
    await world.client.create(postgresqls, postgresql('acid-emptied'));
    await untilStatus(world, 'acid-emptied', 'Running');
    await query(world, 'acid-emptied', 'postgres', 'postgres', 'drop database bestdb');
    // What a new volume looks like from outside: another pod, without the database.
    const { uid } = (await world.client.get(pods, { namespace: 'default', name: 'acid-emptied-0' })).metadata;
    await world.client.delete(pods, { namespace: 'default', name: 'acid-emptied-0' });
    await eventually(async () => expect((await world.client.get(pods, { namespace: 'default', name: 'acid-emptied-0' })).metadata.uid).not.toBe(uid), { timeoutMs: 15_000 });
    await eventually(async () => expect(await query(world, 'acid-emptied', 'acid', 'bestdb', 'select 1 as one')).toEqual([{ one: 1 }]), { timeoutMs: 15_000 });
  });

  it('works, and says so, without the right to watch what it makes', async () => {
    await using world = await startWorld(room, {}, { forbidden: ['poddisruptionbudgets', 'cronjobs'] });
    await world.client.create(postgresqls, postgresql('acid-blind'));
    await untilStatus(world, 'acid-blind', 'Running');
    expect(world.operatorReady()).toBe(true);
  });

  it('gets back in when the Secret of the superuser was deleted', async () => {
    await using world = await startWorld(room);
    await world.client.create(postgresqls, postgresql('acid-locked'));
    await untilStatus(world, 'acid-locked', 'Running');
    const name = `postgres.acid-locked.${suffix}`;
    await world.client.delete(secrets, { namespace: 'default', name });
    await eventually(async () => expect(await query(world, 'acid-locked', 'postgres', 'postgres', 'select 1 as one')).toEqual([{ one: 1 }]), { timeoutMs: 25_000 });
  });

  it('says what is wrong with a request that it cannot carry out, and makes nothing', async () => {
    await using world = await startWorld(room);
    const long = `acid-${'x'.repeat(60)}`;
    await world.client.create(postgresqls, postgresql(long));
    expect((await untilStatus(world, long, 'Invalid')).status?.message).toBe('name cannot be longer than 58 characters');
    await world.client.create(postgresqls, postgresql('acid-contrary', { users: { acid: ['superuser', 'nosuperuser'] } }));
    expect((await untilStatus(world, 'acid-contrary', 'CreateFailed')).status?.message).toBe('user acid: the flags SUPERUSER and NOSUPERUSER contradict each other');
    await world.client.create(postgresqls, postgresql('acid-unowned', { databases: { bestdb: 'nobody_here' } }));
    expect((await untilStatus(world, 'acid-unowned', 'CreateFailed')).status?.message).toContain('role "nobody_here" does not exist');
    expect(await names(world, statefulSets)).toEqual(['acid-unowned']);
    await world.client.patch(postgresqls, { namespace: 'default', name: 'acid-unowned' }, 'merge', { spec: { users: { nobody_here: [] } } });
    await untilStatus(world, 'acid-unowned', 'Running');
  });
});

const pidOf = (world: World, cluster: string): number => {
  const log = world.kubelet.log(`${cluster}-0`);
  return Number(/the server (\d+) has started/.exec(log)![1]);
};
