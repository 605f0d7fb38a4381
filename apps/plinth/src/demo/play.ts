import { setTimeout as delay } from 'node:timers/promises';
import type { Pod, Secret, Service, Work, WorkPlacement } from '@plinth/api';
import { pods, postgresqls, secrets, services, workPlacements, works } from '@plinth/api';
import type { UnstructuredObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import pg from 'pg';
import { UserError } from '../errors.ts';
import { exampleInstance, exampleRequest, hasCondition, postgresqlRequests, statusOf } from './request.ts';
import { untilSome } from './until-some.ts';

export interface DemoResult {
  readonly host: string;
  readonly port: number;
  readonly serverVersion: string;
  /** How often this database has been started with: rows survive. */
  readonly starts: number;
}

/**
 * Asks for the example database and follows the request until SQL is answered, reporting each stage when it is reached.
 * Everything is seen through the two API servers and the database, as a user would see it.
 */
export async function playJourney(
  { platform, worker }: { readonly platform: Client; readonly worker: Client },
  stage: (name: string, detail: string) => void,
  signal: AbortSignal,
): Promise<DemoResult> {
  const { name, namespace } = exampleInstance;
  const ofRequest = { namespace: 'default', labelSelector: 'kratix.io/promise-name=postgresql,kratix.io/resource-name=example' };
  await platform.patch(postgresqlRequests, { namespace: 'default', name: 'example' }, 'apply', exampleRequest, { fieldManager: 'plinth-demo', force: true });
  stage('request', 'postgresql default/example accepted by the platform cluster');

  const one = { namespace: 'default', fieldSelector: 'metadata.name=example' };
  const sql = firstRow(worker, signal).then((result) => {
    stage('SQL', result.serverVersion);
    return result;
  });
  await Promise.all([
    untilSome<UnstructuredObject>(platform, postgresqlRequests, one, (request) => hasCondition(request, 'ConfigureWorkflowCompleted') || hasCondition(request, 'ConfigureWorkflowCompleted', 'False') && failed(request), signal).then((request) => {
      if (failed(request)) throw new UserError(`the workflow of the request failed: ${conditionMessage(request)}`, { hint: 'kubectl describe postgresql example' });
      stage('workflow', 'the rules of the Promise have been applied');
    }),
    untilSome<Work>(platform, works, ofRequest, () => true, signal).then((work) => stage('work', `${work.metadata.name} is to be placed`)),
    untilSome<WorkPlacement>(platform, workPlacements, { namespace: 'default' }, (placement) => placement.spec?.resourceName === 'example' && Boolean(placement.status?.versionID), signal).then((placement) =>
      stage('commit', `${placement.status!.versionID!.slice(0, 10)} in the state store, for ${placement.spec?.targetDestinationName ?? ''}`),
    ),
    untilSome(worker, postgresqls, { namespace, fieldSelector: `metadata.name=${name}` }, () => true, signal).then(() => stage('applied', `postgresql ${namespace}/${name} on the worker cluster`)),
    untilSome<Pod>(worker, pods, { namespace, fieldSelector: `metadata.name=${name}-0` }, isReady, signal).then((pod) => stage('pod', `${pod.metadata.name} is 1/1 Running`)),
    sql,
    untilSome<UnstructuredObject>(platform, postgresqlRequests, one, (request) => statusOf(request).healthStatus?.state === 'ready', signal).then((request) => stage('ready', statusOf(request).message ?? '')),
  ]);
  return sql;
}

/** Logs in with the issued credentials, as soon as that works, and leaves a row. */
async function firstRow(worker: Client, signal: AbortSignal): Promise<DemoResult> {
  const { name, namespace, database, user } = exampleInstance;
  const secret = await untilSome<Secret>(worker, secrets, { namespace, fieldSelector: `metadata.name=${user}.${name}.credentials.postgresql.acid.zalan.do` }, (found) => Boolean(found.data?.['password']), signal);
  const service = await untilSome<Service>(worker, services, { namespace, fieldSelector: `metadata.name=${name}` }, (found) => Boolean(found.spec?.clusterIP), signal);
  await untilSome<Pod>(worker, pods, { namespace, fieldSelector: `metadata.name=${name}-0` }, isReady, signal);
  const host = service.spec!.clusterIP!;
  const password = Buffer.from(secret.data!['password']!, 'base64').toString();
  for (;;) {
    const client = new pg.Client({ host, port: 5432, user, password, database, connectionTimeoutMillis: 2000 });
    try {
      await client.connect();
      const { rows } = await client.query<{ version: string }>('SELECT version()');
      await client.query('CREATE TABLE IF NOT EXISTS plinth_demo (started_at timestamptz NOT NULL DEFAULT now())');
      await client.query('INSERT INTO plinth_demo DEFAULT VALUES');
      const counted = await client.query<{ starts: string }>('SELECT count(*) AS starts FROM plinth_demo');
      return { host, port: 5432, serverVersion: rows[0]!.version.split(',')[0]!, starts: Number(counted.rows[0]!.starts) };
    } catch {
      // The pod is ready before the role and the database are there; the operator makes them next.
      await delay(5, undefined, { signal });
    } finally {
      await client.end().catch(() => {});
    }
  }
}

function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

const failed = (request: UnstructuredObject): boolean =>
  statusOf(request).conditions?.some(({ type, status, reason }) => type === 'ConfigureWorkflowCompleted' && status === 'False' && reason === 'ConfigureWorkflowFailed') ?? false;

const conditionMessage = (request: UnstructuredObject): string => statusOf(request).conditions?.find(({ type }) => type === 'ConfigureWorkflowCompleted')?.message ?? '';
