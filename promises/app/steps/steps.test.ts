import { testStep } from '@plinth/sdk';
import { describe, expect, it } from 'vitest';
import type { AppRequest } from './app-request.ts';
import database from './database.ts';
import ingress from './ingress.ts';
import workload from './workload.ts';

const request = (spec: Partial<AppRequest['spec']> = {}, metadata: AppRequest['metadata'] = { name: 'todo', namespace: 'shop' }): AppRequest => ({
  apiVersion: 'marketplace.kratix.io/v1',
  kind: 'App',
  metadata,
  spec: { image: 'plinth/todo:v1', dbDriver: 'postgresql', service: { port: 8080 }, ...spec },
});
const labels = {
  'app.kubernetes.io/name': 'todo',
  'app.kubernetes.io/instance': 'todo',
  'kratix.io/promise-name': 'app',
  'kratix.io/resource-name': 'todo',
  'kratix.io/resource-namespace': 'shop',
};

describe('the step workload', () => {
  it('runs the image so that a rollout costs no request', async () => {
    const { documents } = await testStep(workload, { object: request(), env: { REPLICAS: '3', MEMORY_LIMIT: '1Gi' } });
    const [deployment, service] = documents('workload.yaml');
    expect(deployment).toMatchObject({
      kind: 'Deployment',
      metadata: { name: 'todo', namespace: 'shop', labels },
      spec: {
        replicas: 3,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: {
          metadata: { labels },
          spec: {
            automountServiceAccountToken: false,
            containers: [
              {
                image: 'plinth/todo:v1',
                env: [{ name: 'PORT', value: '8080' }],
                resources: { limits: { memory: '1Gi' } },
                readinessProbe: { httpGet: { path: '/healthz', port: 'http' } },
                lifecycle: { preStop: { sleep: { seconds: 2 } } },
              },
            ],
          },
        },
      },
    });
    expect(service).toMatchObject({ kind: 'Service', metadata: { name: 'todo', namespace: 'shop' }, spec: { ports: [{ name: 'http', port: 8080, targetPort: 'http' }] } });
  });

  it('names the rule that makes no sense', async () => {
    await expect(testStep(workload, { object: request(), env: { REPLICAS: 'many' } })).rejects.toThrow('the variable REPLICAS is "many"');
    await expect(testStep(workload, { object: request(), env: { MEMORY_LIMIT: 'lots' } })).rejects.toThrow('the variable MEMORY_LIMIT is "lots"');
  });
});

describe('the step ingress', () => {
  it('gives the application an address and says it', async () => {
    const { documents, status } = await testStep(ingress, { object: request({ name: 'to-do' }), env: { DOMAIN: 'apps.example.org', INGRESS_PORT: '8443', INGRESS_CLASS: 'nginx' } });
    expect(documents('ingress.yaml')).toMatchObject([{ spec: { ingressClassName: 'nginx', rules: [{ host: 'to-do.shop.apps.example.org', http: { paths: [{ path: '/', backend: { service: { name: 'todo', port: { number: 8080 } } } }] } }] } }]);
    expect(status).toEqual({ message: 'to-do answers at http://to-do.shop.apps.example.org:8443', url: 'http://to-do.shop.apps.example.org:8443' });
  });

  it('leaves out the port that everybody knows', async () => {
    const { status } = await testStep(ingress, { object: request(), env: { INGRESS_PORT: '80' } });
    expect(status['url']).toBe('http://todo.shop.localhost');
  });
});

describe('the step database', () => {
  const earlier = { 'workload.yaml': [{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'todo' }, spec: { template: { spec: { containers: [{ name: 'app', env: [{ name: 'PORT', value: '8080' }] }] } } } }, { apiVersion: 'v1', kind: 'Service', metadata: { name: 'todo' } }] };

  it('asks for a database as anybody would, on the platform', async () => {
    const { documents, destinationSelectors } = await testStep(database, { object: request(), earlier });
    expect(documents('platform/database.yaml')).toEqual([
      {
        apiVersion: 'marketplace.kratix.io/v1alpha2',
        kind: 'postgresql',
        metadata: { name: 'todo-db', namespace: 'shop', labels: { 'kratix.io/parent-promise-name': 'app', 'kratix.io/parent-resource-name': 'todo', 'kratix.io/parent-resource-namespace': 'shop' } },
        spec: { env: 'dev', teamId: 'acid', dbName: 'app', namespace: 'shop' },
      },
    ]);
    expect(destinationSelectors).toEqual([{ directory: 'platform', matchLabels: { environment: 'platform' } }]);
  });

  it('gives the connection to the Deployment through the Secret of the operator, and keeps the rest', async () => {
    const { documents } = await testStep(database, { object: request(), earlier });
    const [deployment, service] = documents('workload.yaml') as [{ spec: { template: { spec: { containers: [{ env: object[] }] } } } }, object];
    const name = 'acid.acid-todo-db-postgresql.credentials.postgresql.acid.zalan.do';
    expect(deployment.spec.template.spec.containers[0].env).toEqual([
      { name: 'PORT', value: '8080' },
      { name: 'PGHOST', value: 'acid-todo-db-postgresql.shop.svc.cluster.local' },
      { name: 'PGPORT', value: '5432' },
      { name: 'PGDATABASE', value: 'app' },
      { name: 'PGUSER', valueFrom: { secretKeyRef: { name, key: 'username' } } },
      { name: 'PGPASSWORD', valueFrom: { secretKeyRef: { name, key: 'password' } } },
    ]);
    expect(service).toEqual(earlier['workload.yaml'][1]);
  });

  it('writes nothing when no database is wanted', async () => {
    const { files, destinationSelectors } = await testStep(database, { object: request({ dbDriver: 'none' }), earlier });
    expect(files).toEqual({});
    expect(destinationSelectors).toBeUndefined();
  });

  it('says so when there is no Deployment to connect', async () => {
    await expect(testStep(database, { object: request() })).rejects.toThrow('holds no Deployment');
  });
});
