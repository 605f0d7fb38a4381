import { describe, expect, it } from 'vitest';
import { onThisMachine, parseEnvironment } from './parse-environment.ts';

const context = {
  pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'acid-a-2', namespace: 'team' } },
  podIP: '127.9.0.1',
  mounts: new Map([['/home/postgres/pgdata', '/data/pvc-1'], ['/home', '/data/home']]),
};
const env = {
  SCOPE: 'acid-a', PGVERSION: '18', PGPASSWORD_SUPERUSER: 's', PGPASSWORD_STANDBY: 'r',
  SPILO_CONFIGURATION: '{"postgresql":{"parameters":{"work_mem":"5MB"}},"bootstrap":{"dcs":{"ttl":20,"postgresql":{"parameters":{"max_connections":30}}}}}',
};

describe(parseEnvironment, () => {
  it("reads Spilo's variables", () => {
    expect(parseEnvironment({ ...context, env })).toMatchObject({
      scope: 'acid-a', namespace: 'team', podName: 'acid-a-2', ordinal: 2, major: 18, root: '/data/pvc-1/pgroot',
      superuser: { name: 'postgres', password: 's' }, standby: { name: 'standby', password: 'r' },
      parameters: { work_mem: '5MB', max_connections: '30' }, dcs: { ttl: 20 }, labels: { application: 'spilo', 'cluster-name': 'acid-a' },
    });
  });
  it.each([
    [{ PGVERSION: 'latest' }, 'PGVERSION is "latest": a PostgreSQL major version such as 18 is needed'],
    [{ SCOPE: '' }, 'the environment variable SCOPE is missing or empty'],
    [{ SPILO_CONFIGURATION: '[1]' }, 'the environment variable SPILO_CONFIGURATION is no JSON object'],
  ])('refuses %o', (changed, message) => {
    expect(() => parseEnvironment({ ...context, env: { ...env, ...changed } })).toThrow(message);
  });
});

describe(onThisMachine, () => {
  it('never puts data where no volume is', () => {
    expect(() => onThisMachine('/home/postgres/pgdata/pgroot', new Map())).toThrow('no volume is mounted at /home/postgres/pgdata/pgroot');
    expect(() => onThisMachine('/home/postgres/pgdata/../../../etc', new Map([['/home/postgres/pgdata', '/data']]))).toThrow('no volume is mounted');
  });
});
