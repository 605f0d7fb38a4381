import { testStep } from '@plinth/sdk';
import { postgresqls, validateSchema } from '@plinth/sdk/kinds';
import { describe, expect, it } from 'vitest';
import step, { type PostgresRequest } from './instance-configure.ts';

const request = (spec: PostgresRequest['spec'] = {}, name = 'example'): PostgresRequest => ({
  apiVersion: 'marketplace.kratix.io/v1alpha2',
  kind: 'postgresql',
  metadata: { name, namespace: 'default' },
  spec,
});
const env = { KRATIX_PROMISE_NAME: 'postgresql', PG_VERSION: '18', MINIMUM_REPLICAS: '1', DEV_VOLUME_SIZE: '1Gi', PROD_VOLUME_SIZE: '10Gi' };

describe('the step instance-configure', () => {
  it('makes one small database without backups for env dev', async () => {
    const { documents, status } = await testStep(step, { object: request({ env: 'dev', teamId: 'acid', dbName: 'bestdb' }), env });
    const [instance] = documents('postgres-instance.yaml');
    expect(instance).toEqual({
      apiVersion: 'acid.zalan.do/v1',
      kind: 'postgresql',
      metadata: {
        name: 'acid-example-postgresql',
        namespace: 'default',
        labels: { 'kratix.io/promise-name': 'postgresql', 'kratix.io/resource-name': 'example', 'kratix.io/resource-namespace': 'default' },
      },
      spec: {
        teamId: 'acid',
        numberOfInstances: 1,
        postgresql: { version: '18' },
        volume: { size: '1Gi' },
        users: { acid: ['superuser', 'createdb'] },
        databases: { bestdb: 'acid' },
        enableLogicalBackup: false,
      },
    });
    expect(validateSchema(instance, postgresqls.schema)).toEqual([]);
    expect(status).toEqual({
      message: '1Gi instance v18 is being deployed without backups',
      healthMessages: {
        default: '1Gi instance v18 is being deployed without backups',
        ready: '1Gi instance v18 deployed successfully without backups',
        healthy: '1Gi instance v18 deployed successfully without backups',
        unhealthy: '1Gi instance v18 without backups does not answer',
        degraded: '1Gi instance v18 without backups answers, but something is wrong with it',
      },
      instanceName: 'acid-example-postgresql',
      pgVersion: '18',
      connectionDetails: {
        host: 'acid-example-postgresql.default.svc.cluster.local',
        port: 5432,
        database: 'bestdb',
        username: 'postgres',
        credentials: 'Username and password are in the Secret "default/postgres.acid-example-postgresql.credentials.postgresql.acid.zalan.do" of the worker',
        secret: { namespace: 'default', name: 'postgres.acid-example-postgresql.credentials.postgresql.acid.zalan.do' },
      },
    });
  });

  it('makes three larger ones with backups for env prod, unless the request wants none', async () => {
    const { documents, status } = await testStep(step, { object: request({ env: 'prod' }), env });
    expect(documents('postgres-instance.yaml')).toMatchObject([{ spec: { numberOfInstances: 3, volume: { size: '10Gi' }, enableLogicalBackup: true } }]);
    expect(status['healthMessages']).toMatchObject({ ready: '10Gi instance v18 deployed successfully with backups enabled' });
    const without = await testStep(step, { object: request({ env: 'prod', backupEnabled: false }), env });
    expect(without.documents('postgres-instance.yaml')).toMatchObject([{ spec: { enableLogicalBackup: false } }]);
  });

  it('follows the rules that the platform team changed', async () => {
    const { documents } = await testStep(step, { object: request(), env: { ...env, DEV_VOLUME_SIZE: '2Gi', PG_VERSION: '17', MINIMUM_REPLICAS: '2' } });
    expect(documents('postgres-instance.yaml')).toMatchObject([{ spec: { numberOfInstances: 2, volume: { size: '2Gi' }, postgresql: { version: '17' } } }]);
  });

  it('names the rule that makes no sense', async () => {
    await expect(testStep(step, { object: request(), env: { ...env, DEV_VOLUME_SIZE: 'huge' } })).rejects.toThrow('the variable DEV_VOLUME_SIZE is "huge"');
    await expect(testStep(step, { object: request(), env: { ...env, MINIMUM_REPLICAS: '-1' } })).rejects.toThrow('the variable MINIMUM_REPLICAS is "-1"');
  });

  it('refuses a name that the operator would refuse later', async () => {
    const object = request({ teamId: 'acme-org-team-a' }, 'a'.repeat(40));
    await expect(testStep(step, { object, env })).rejects.toThrow('58 are allowed');
  });
});
