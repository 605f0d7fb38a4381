import { defineStep } from '@plinth/sdk';
import { identityOf, type AppRequest } from './app-request.ts';
import { DNS_NAME, rule } from './rules.ts';

interface EnvVar {
  readonly name: string;
  readonly [field: string]: unknown;
}
interface Container {
  readonly env?: readonly EnvVar[];
  readonly [field: string]: unknown;
}
interface Deployment {
  readonly [field: string]: unknown;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
}

/**
 * With `dbDriver: postgresql`: a request to the Promise `postgresql` in a folder that goes to the platform cluster, and in
 * the Deployment the way to the database. Name and password come from the Secret that the Postgres operator makes on the
 * worker, so they are never in the state store.
 */
export default defineStep<AppRequest>(({ object, env, output, documents, destinationSelectors, status, log }) => {
  if ((object.spec.dbDriver ?? 'none') === 'none') {
    log('no database wanted');
    return;
  }
  const { name, namespace, labels } = identityOf(object, env);
  const teamId = rule(env, 'DATABASE_TEAM', 'acid', DNS_NAME);
  const request = `${name}-db`;
  output('platform/database.yaml', {
    apiVersion: 'marketplace.kratix.io/v1alpha2',
    kind: 'postgresql',
    metadata: {
      name: request,
      namespace,
      labels: {
        'kratix.io/parent-promise-name': labels['kratix.io/promise-name'],
        'kratix.io/parent-resource-name': name,
        'kratix.io/parent-resource-namespace': namespace,
      },
    },
    spec: { env: rule(env, 'DATABASE_ENV', 'dev', /^(dev|prod)$/), teamId, dbName: DATABASE, namespace },
  });
  destinationSelectors([{ directory: 'platform', matchLabels: { environment: 'platform' } }]);

  // What the Promise postgresql says of a database that it makes: `status.connectionDetails` of the request.
  const instance = `${teamId}-${request}-postgresql`;
  const secret = `${teamId}.${instance}.credentials.postgresql.acid.zalan.do`;
  const fromSecret = (variable: string, key: string): EnvVar => ({ name: variable, valueFrom: { secretKeyRef: { name: secret, key } } });
  const connection: readonly EnvVar[] = [
    { name: 'PGHOST', value: `${instance}.${namespace}.svc.cluster.local` },
    { name: 'PGPORT', value: '5432' },
    { name: 'PGDATABASE', value: DATABASE },
    fromSecret('PGUSER', 'username'),
    fromSecret('PGPASSWORD', 'password'),
  ];
  const workload = documents('workload.yaml') as readonly Deployment[];
  if (!workload.some(({ kind }) => kind === 'Deployment')) throw new Error('workload.yaml of an earlier step holds no Deployment that could be given the connection');
  output('workload.yaml', workload.map((each) => (each.kind === 'Deployment' ? withEnv(each, connection) : each)));
  status({ database: { request: `${namespace}/${request}`, instance, secret: { namespace, name: secret } } });
  log(`asks for the database ${namespace}/${request}`);
});

/** Name of the database inside its server, which is the application's own. */
const DATABASE = 'app';

function withEnv(deployment: Deployment, added: readonly EnvVar[]): Deployment {
  const { template } = deployment.spec;
  const [first, ...others] = template.spec.containers;
  const containers = [{ ...first, env: [...(first?.env ?? []), ...added] }, ...others];
  return { ...deployment, spec: { ...deployment.spec, template: { ...template, spec: { ...template.spec, containers } } } };
}
