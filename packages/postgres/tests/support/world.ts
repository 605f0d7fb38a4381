import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clusterRoleBindings, clusterRoles, crdOf, customResourceDefinitions, postgresqls, type Postgresql } from '@plinth/api';
import type { KubeObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { eventually, startControlPlane } from '@plinth/testing';
import { expect } from 'vitest';
import { createInstanceProgram, createOperatorProgram, type InstanceProgram, type OperatorProgramOptions } from '../../src/index.ts';
import { startKubelet, type Kubelet } from './kubelet.ts';

export interface World extends AsyncDisposable {
  /** The administrator's. */
  readonly client: Client;
  readonly kubelet: Kubelet;
  readonly operatorLog: () => string;
  readonly operatorReady: () => boolean;
  /** Ends the operator and starts another one. */
  readonly restartOperator: () => Promise<void>;
}

/** One for all worlds of a test file: finding PostgreSQL and initdb are done once. */
export function openEngineRoom(): { readonly home: string; readonly program: InstanceProgram } & AsyncDisposable {
  const home = mkdtempSync(join(tmpdir(), 'plinth-operator-'));
  chmodSync(home, 0o700);
  const program = createInstanceProgram({ engineRoot: join(home, 'engine') });
  return {
    home,
    program,
    [Symbol.asyncDispose]: async () => {
      await program[Symbol.asyncDispose]();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

const account = 'system:serviceaccount:default:postgres-operator';

/** A worker with the operator in it, which has the rights of the shipped ClusterRole and no others. */
export async function startWorld(room: { readonly home: string; readonly program: InstanceProgram }, options: OperatorProgramOptions = {}, rights: { readonly forbidden?: readonly string[] } = {}): Promise<World> {
  const plane = await startControlPlane();
  const volumes = mkdtempSync(join(room.home, 'volumes-'));
  mkdirSync(volumes, { recursive: true });
  await plane.client.create(customResourceDefinitions, crdOf(postgresqls) as KubeObject);
  await eventually(async () => void (await plane.client.list(postgresqls)));
  await plane.client.create(clusterRoles, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'postgres-operator' }, rules: operatorRules.map((rule) => rule.resources.some((resource) => rights.forbidden?.includes(resource)) ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== 'list' && verb !== 'watch') } : rule) } as KubeObject);
  await plane.client.create(clusterRoles, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'postgres-pod' }, rules: podRules } as KubeObject);
  await plane.client.create(clusterRoleBindings, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'postgres-operator' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'postgres-operator' },
    subjects: [{ kind: 'ServiceAccount', name: 'postgres-operator', namespace: 'default' }],
  } as KubeObject);
  const kubelet = startKubelet(plane.client, room.program, volumes);
  const lines: string[] = [];
  let isReady = false;
  const startOperator = (): { readonly stop: () => Promise<void> } => {
    const stop = new AbortController();
    const ended = createOperatorProgram(options)({
      pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'postgres-operator-1', namespace: 'default' } },
      env: {},
      podIP: '127.0.0.1',
      mounts: new Map(),
      log: (text) => void lines.push(text),
      signal: stop.signal,
      client: plane.clientFor({ name: account, groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'] }),
      setReady: (ready) => void (isReady = ready),
    });
    return {
      stop: async () => {
        stop.abort();
        await ended;
      },
    };
  };
  let operator = startOperator();
  return {
    client: plane.client,
    kubelet,
    operatorLog: () => lines.join('\n'),
    operatorReady: () => isReady,
    restartOperator: async () => {
      await operator.stop();
      operator = startOperator();
    },
    [Symbol.asyncDispose]: async () => {
      await operator.stop();
      await kubelet[Symbol.asyncDispose]();
      await plane[Symbol.asyncDispose]();
    },
  };
}

/** The request that the Postgres Promise makes for `example`, under another name. */
export const postgresql = (name: string, spec: object = {}): Postgresql =>
  ({
    apiVersion: 'acid.zalan.do/v1',
    kind: 'postgresql',
    metadata: { name, namespace: 'default' },
    spec: { teamId: 'acid', numberOfInstances: 1, postgresql: { version: '18' }, volume: { size: '1Gi' }, users: { acid: ['superuser', 'createdb'] }, databases: { bestdb: 'acid' }, ...spec },
  }) as Postgresql;

export async function untilStatus(world: World, name: string, status: string): Promise<Postgresql> {
  let object: Postgresql | undefined;
  await eventually(async () => {
    object = await world.client.get<Postgresql>(postgresqls, { namespace: 'default', name });
    expect(object.status?.PostgresClusterStatus, `${JSON.stringify(object.status)}\n${world.operatorLog()}\n${world.kubelet.log(`${name}-0`)}`).toBe(status);
  }, { timeoutMs: 25_000 });
  return object!;
}

const all = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const operatorRules = [
  { apiGroups: ['acid.zalan.do'], resources: ['postgresqls', 'postgresqls/status', 'operatorconfigurations'], verbs: all },
  { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'get', 'list', 'patch', 'update', 'watch'] },
  { apiGroups: [''], resources: ['configmaps', 'endpoints'], verbs: all },
  { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'] },
  { apiGroups: [''], resources: ['persistentvolumeclaims'], verbs: ['delete', 'get', 'list', 'patch', 'update'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['delete', 'get', 'list', 'patch', 'update', 'watch'] },
  { apiGroups: [''], resources: ['services'], verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'] },
  { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['get', 'create'] },
  { apiGroups: ['apps'], resources: ['statefulsets', 'deployments'], verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'] },
  { apiGroups: ['batch'], resources: ['cronjobs'], verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'] },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['create', 'delete', 'get', 'list', 'watch'] },
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['rolebindings'], verbs: ['get', 'create'] },
];
/** Also held by the operator, which could not bind them otherwise. */
const podRules = [
  { apiGroups: [''], resources: ['configmaps'], verbs: all },
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'patch', 'update', 'watch'] },
];
