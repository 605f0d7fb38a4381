import { defineStep } from '@plinth/sdk';
import type { Postgresql } from '@plinth/sdk/kinds';
import { sizingOf, type Sizing } from './rules.ts';

/** A request of this Promise, after the defaults of its schema. */
export interface PostgresRequest {
  readonly [field: string]: unknown;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: {
    readonly env?: 'dev' | 'prod';
    readonly teamId?: string;
    readonly dbName?: string;
    readonly namespace?: string;
    readonly backupEnabled?: boolean;
  };
}

/** Turns a request into the one object that the Postgres operator makes a database from, and says how to connect. */
export default defineStep<PostgresRequest>(({ object, env, output, status, log }) => {
  const { env: environment = 'dev', teamId = 'acid', dbName = 'postgres', namespace = 'default', backupEnabled } = object.spec ?? {};
  const sizing = sizingOf(environment, backupEnabled, env);
  const name = `${teamId}-${object.metadata.name}-postgresql`;
  // The operator and Kubernetes refuse such a name later, where nobody looks.
  if (name.length > 58) throw new Error(`the database would be called ${name}, which is ${name.length} characters long; 58 are allowed: choose a shorter name or teamId`);

  output('postgres-instance.yaml', instance({ name, namespace, teamId, dbName, sizing, object, promiseName: env['KRATIX_PROMISE_NAME'] ?? 'postgresql' }));
  log(`${environment}: ${sizing.instances} instance(s) of PostgreSQL ${sizing.version} with ${sizing.volumeSize}, ${sizing.backups ? 'with' : 'without'} backups`);

  const what = `${sizing.volumeSize} instance v${sizing.version}`;
  const backups = sizing.backups ? 'with backups enabled' : 'without backups';
  const beingDeployed = `${what} is being deployed ${backups}`;
  const secret = { namespace, name: `postgres.${name}.credentials.postgresql.acid.zalan.do` };
  status({
    message: beingDeployed,
    // Only somebody who logged in knows that it was deployed: the platform shows these as the health record says.
    healthMessages: {
      default: beingDeployed,
      ready: `${what} deployed successfully ${backups}`,
      healthy: `${what} deployed successfully ${backups}`,
      unhealthy: `${what} ${backups} does not answer`,
      degraded: `${what} ${backups} answers, but something is wrong with it`,
    },
    instanceName: name,
    pgVersion: sizing.version,
    connectionDetails: {
      host: `${name}.${namespace}.svc.cluster.local`,
      port: 5432,
      database: dbName,
      username: 'postgres',
      credentials: `Username and password are in the Secret "${secret.namespace}/${secret.name}" of the worker`,
      secret,
    },
  });
});

interface Instance {
  readonly name: string;
  readonly namespace: string;
  readonly teamId: string;
  readonly dbName: string;
  readonly sizing: Sizing;
  readonly object: PostgresRequest;
  readonly promiseName: string;
}

/** Section 1.5 of the operator's contract. The labels lead from the database back to the request. */
function instance({ name, namespace, teamId, dbName, sizing, object, promiseName }: Instance): Postgresql {
  return {
    apiVersion: 'acid.zalan.do/v1',
    kind: 'postgresql',
    metadata: {
      name,
      namespace,
      labels: {
        'kratix.io/promise-name': promiseName,
        'kratix.io/resource-name': object.metadata.name,
        'kratix.io/resource-namespace': object.metadata.namespace ?? 'default',
      },
    },
    spec: {
      teamId,
      numberOfInstances: sizing.instances,
      postgresql: { version: sizing.version as Postgresql['spec']['postgresql']['version'] },
      volume: { size: sizing.volumeSize },
      users: { [teamId]: ['superuser', 'createdb'] },
      databases: { [dbName]: teamId },
      enableLogicalBackup: sizing.backups,
    },
  };
}
