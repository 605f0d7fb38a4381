import type { Postgresql, StatefulSet } from '@plinth/api';
import { describe, expect, it } from 'vitest';
import { statefulSet } from './build/stateful-set.ts';
import { masterService, replicasService } from './build/services.ts';
import { defaultSettings } from './configuration.ts';
import { backupName } from './names.ts';
import type { Snapshot } from './observe.ts';
import { parseCluster, type Cluster } from './parse-cluster.ts';
import { plan, type Step } from './plan.ts';

function cluster(spec: object = {}, name = 'acid-example-postgresql'): Cluster {
  const object = { apiVersion: 'acid.zalan.do/v1', kind: 'postgresql', metadata: { name, namespace: 'default', uid: 'u' }, spec: { teamId: 'acid', numberOfInstances: 1, postgresql: { version: '18' }, volume: { size: '1Gi' }, users: { acid: [] }, databases: { bestdb: 'acid' }, ...spec } } as Postgresql;
  const parsed = parseCluster(object, defaultSettings);
  if (parsed.type !== 'valid') throw new Error(parsed.message);
  return parsed.cluster;
}
const nothing: Snapshot = { account: undefined, binding: undefined, master: undefined, replicas: undefined, secrets: new Map(), budgets: [], statefulSet: undefined, backup: undefined, config: undefined, claims: [] };
const there = { apiVersion: 'v1', kind: 'X', metadata: { name: 'x' } };
/** Everything as `of` wants it. */
function settled(of: Cluster): Snapshot {
  const first = plan(of, defaultSettings, nothing, () => 'pw').stages.flat();
  const made = (plural: string): never[] => first.flatMap((step) => (step.type === 'create' && step.resource.plural === plural ? [step.object as never] : []));
  return { ...nothing, account: there, binding: there, master: masterService(of) as never, replicas: replicasService(of) as never, secrets: new Map(['postgres', 'standby', 'acid'].map((user) => [user, there as never])), budgets: made('poddisruptionbudgets'), statefulSet: statefulSet(of, defaultSettings) as never };
}
const short = (step: Step): string => `${step.type} ${step.resource.plural} ${'key' in step ? step.key.name : step.object.metadata.name}`;
const steps = (of: Cluster, snapshot: Snapshot): readonly (readonly string[])[] => plan(of, defaultSettings, snapshot, () => 'pw').stages.map((stage) => stage.map(short));

describe(plan, () => {
  it('makes what a StatefulSet needs before the StatefulSet', () => {
    expect(steps(cluster({ enableLogicalBackup: true }), nothing)).toEqual([
      [
        'create serviceaccounts postgres-pod',
        'create rolebindings postgres-pod',
        'create services acid-example-postgresql',
        'create services acid-example-postgresql-repl',
        'create secrets postgres.acid-example-postgresql.credentials.postgresql.acid.zalan.do',
        'create secrets standby.acid-example-postgresql.credentials.postgresql.acid.zalan.do',
        'create secrets acid.acid-example-postgresql.credentials.postgresql.acid.zalan.do',
        'create poddisruptionbudgets postgres-acid-example-postgresql-pdb',
        'create poddisruptionbudgets postgres-acid-example-postgresql-critical-op-pdb',
      ],
      ['create statefulsets acid-example-postgresql'],
      ['create cronjobs logical-backup-acid-example-postgresql'],
    ]);
  });
  it('does nothing when everything is as wanted', () => {
    expect(steps(cluster(), settled(cluster()))).toEqual([[], [], []]);
  });
  it('patches the number of instances and guards nothing when there is none', () => {
    expect(steps(cluster({ numberOfInstances: 0 }), settled(cluster()))).toEqual([['replace poddisruptionbudgets postgres-acid-example-postgresql-pdb'], ['patch statefulsets acid-example-postgresql'], []]);
  });
  it('makes the StatefulSet anew for a larger volume, and keeps the larger template for a smaller wish', () => {
    const claim = { metadata: { name: 'pgdata-acid-example-postgresql-0', namespace: 'default' }, spec: { resources: { requests: { storage: '1Gi' } } } } as never;
    expect(steps(cluster({ volume: { size: '2Gi' } }), { ...settled(cluster()), claims: [claim] })).toEqual([['patch persistentvolumeclaims pgdata-acid-example-postgresql-0'], ['replace statefulsets acid-example-postgresql'], []]);
    const smaller = plan(cluster({ volume: { size: '500Mi' } }), defaultSettings, { ...settled(cluster()), claims: [claim] }, () => 'pw');
    expect(smaller.stages.flat()).toEqual([]);
    expect(smaller.ignored).toEqual(['volume pgdata-acid-example-postgresql-0: it has 1Gi and cannot shrink to 500Mi']);
  });
  it('keeps the version of the data', () => {
    const planned = plan(cluster({ postgresql: { version: '17' } }), defaultSettings, settled(cluster()), () => 'pw');
    expect(planned.stages.flat()).toEqual([]);
    expect(planned.ignored).toEqual(['version 17: the data is of version 18 and stays so (major upgrades are off)']);
  });
  it('writes parameters into the record that running members follow', () => {
    const config = { metadata: { name: 'acid-example-postgresql-config', namespace: 'default', annotations: { config: '{"ttl":30,"postgresql":{"parameters":{"work_mem":"1MB"}}}' } } } as never;
    const changed = cluster({ postgresql: { version: '18', parameters: { work_mem: '2MB' } } });
    const [, , last] = plan(changed, defaultSettings, { ...settled(changed), config }, () => 'pw').stages;
    expect(last).toMatchObject([{ type: 'patch', patch: { metadata: { annotations: { config: '{"ttl":30,"postgresql":{"parameters":{"work_mem":"2MB"}}}' } } } }]);
  });
  it('removes the backup job when it is no longer asked for', () => {
    expect(steps(cluster(), { ...settled(cluster()), backup: there as never })[2]).toEqual(['delete cronjobs logical-backup-acid-example-postgresql']);
  });
  it('puts parameters that members must agree on into the part that Patroni shares', () => {
    const set = statefulSet(cluster({ postgresql: { version: '18', parameters: { work_mem: '2MB', max_connections: '30' } } }), defaultSettings) as unknown as StatefulSet;
    const env = (set.spec!.template!.spec!.containers as unknown as readonly [{ env: readonly { name: string; value?: string }[] }])[0].env;
    expect(JSON.parse(env.find(({ name }) => name === 'SPILO_CONFIGURATION')!.value!)).toEqual({
      postgresql: { parameters: { work_mem: '2MB' } },
      bootstrap: { initdb: [], dcs: { postgresql: { parameters: { max_connections: '30' } } } },
    });
  });
});

describe(backupName, () => {
  it('fits into 52 characters and does not end in a dash', () => {
    expect(backupName(`${'a'.repeat(36)}-${'b'.repeat(8)}`)).toBe(`logical-backup-${'a'.repeat(36)}`);
  });
});
