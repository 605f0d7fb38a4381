import type { Postgresql } from '@plinth/api';
import { describe, expect, it } from 'vitest';
import { defaultSettings } from './configuration.ts';
import { parseCluster } from './parse-cluster.ts';

const named = (name: string, spec: object = {}): Postgresql =>
  ({ apiVersion: 'acid.zalan.do/v1', kind: 'postgresql', metadata: { name, namespace: 'default', uid: 'u' }, spec: { teamId: 'acid', numberOfInstances: 1, postgresql: { version: '18' }, volume: { size: '1Gi' }, ...spec } }) as Postgresql;
const parse = (object: Postgresql, settings: object = {}): ReturnType<typeof parseCluster> => parseCluster(object, { ...defaultSettings, ...settings });

describe(parseCluster, () => {
  it('gives every user LOGIN unless it says NOLOGIN, and skips reserved names', () => {
    const parsed = parse(named('acid-a', { users: { acid: ['superuser', 'CREATEDB'], role: ['nologin'], foo_user: null, postgres: [] }, databases: { good: 'acid', 'bad-name': 'acid' } }));
    expect(parsed).toMatchObject({
      type: 'valid',
      cluster: {
        users: [{ name: 'acid', flags: ['SUPERUSER', 'CREATEDB', 'LOGIN'] }, { name: 'role', flags: ['NOLOGIN'] }, { name: 'foo_user', flags: ['LOGIN'] }],
        databases: [{ name: 'good', owner: 'acid' }],
        ignored: ['user postgres: the name is reserved', "database bad-name: the name is not one of PostgreSQL's plain names"],
      },
    });
  });
  it.each([
    ['other-db', true, "name must match {TEAM}-{NAME} format"],
    ['acid-', true, "cluster name must match {TEAM}-{NAME} format. Got cluster name 'acid-', team name 'acid'"],
    [`acid-${'x'.repeat(54)}`, true, 'name cannot be longer than 58 characters'],
    ['9lives', false, "name must conform to DNS-1035, regex used for validation is '^[a-z]([-a-z0-9]*[a-z0-9])?$'"],
  ])('refuses the name %s (team prefix required: %s)', (name, requireTeamPrefix, message) => {
    expect(parse(named(name), { requireTeamPrefix })).toEqual({ type: 'invalid', message });
  });
  it('takes any team when the prefix is not required', () => {
    expect(parse(named('other-db'))).toMatchObject({ type: 'valid' });
  });
  it.each([
    [{ users: { acid: ['superuser', 'nosuperuser'] } }, 'user acid: the flags SUPERUSER and NOSUPERUSER contradict each other'],
    [{ users: { acid: ['fly'] } }, 'user acid: unknown flag FLY'],
    [{ users: { 'Bad User': [] } }, 'invalid username: "Bad User"'],
    [{ clone: { cluster: 'other' } }, 'spec.clone is not supported by this operator'],
  ])('cannot carry out %o', (spec, message) => {
    expect(parse(named('acid-a', spec))).toEqual({ type: 'failed', message });
  });
  it('says which wishes it leaves out', () => {
    expect(parse(named('acid-a', { enableConnectionPooler: true, enableReplicaConnectionPooler: false, preparedDatabases: { foo: {} } }))).toMatchObject({
      cluster: { ignored: ['spec.preparedDatabases: not supported by this operator yet', 'spec.enableConnectionPooler: not supported by this operator yet'] },
    });
  });
  it('keeps the number of instances within the bounds of the operator', () => {
    expect(parse(named('acid-a', { numberOfInstances: 9 }), { maxInstances: 3 })).toMatchObject({ cluster: { instances: 3 } });
  });
});
