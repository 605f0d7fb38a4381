import { isDeepStrictEqual } from 'node:util';
import { pods, postgresqls, secrets, statefulSets, type Pod, type Postgresql, type PostgresqlStatus, type Secret, type StatefulSet } from '@plinth/api';
import { keyOf, keyString, type ObjectKey } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { done, patchStatus, retryAfter, withFinalizer, type Clock, type EventRecorder, type Informer, type Reconcile, type Result } from '@plinth/controller-runtime';
import { connect, isAuthenticationFailure } from '../sql/connection.ts';
import { apply, type Applied, type Outcome } from './apply.ts';
import { randomPassword, readLogin } from './build/secrets.ts';
import { cleanup } from './cleanup.ts';
import type { OperatorSettings } from './configuration.ts';
import { ensureDatabases } from './databases/ensure-databases.ts';
import { eventsOf, operationError } from './events-of.ts';
import { membersOf, planRollingUpdate, type Member } from './members.ts';
import { baseLabels, finalizerName, rollingUpdateAnnotation, secretName, superuserName } from './names.ts';
import { observe } from './observe.ts';
import { parseCluster, type Cluster } from './parse-cluster.ts';
import { plan } from './plan.ts';
import { beginStatus, clusterStatus, operationOf, refusedStatus, statusOf, type Operation } from './status.ts';

export interface ReconcilerOptions {
  /** Writes through to the informers. */
  readonly client: Client;
  /** Undefined: there is none, or it is another operator's. */
  readonly findCluster: (key: ObjectKey) => Postgresql | undefined;
  /** Those with the label `application=spilo`. */
  readonly pods: Informer<Pod>;
  readonly events: EventRecorder;
  readonly settings: OperatorSettings;
  readonly clock: Clock;
  readonly newPassword?: () => string;
}

export interface Reconciler {
  readonly reconcile: Reconcile;
  /** Somebody changed or removed an object of this cluster: the next look is at all of them. */
  readonly disturb: (cluster: ObjectKey) => void;
}

/**
 * What was seen to be in order, by cluster: saves looking at a dozen objects again with each event of a pod. Losing it
 * costs one look. Everything is looked at again after a disturbance, and after the resync period.
 */
interface Memo {
  readonly generation: number | undefined;
  /** How often the cluster had been disturbed when the look began. */
  readonly disturbances: number;
  readonly objectsAt: number;
  readonly ignored: readonly string[];
  readonly statefulSet: StatefulSet | undefined;
  /** The pod (its uid) in which roles and databases, with their passwords, were seen to be there. Another may have a new volume. */
  databasesIn: string | undefined;
  connectFailures: number;
}

/** Reconciles `postgresql` objects. Stateless but for a memo that may be lost. */
export function createReconciler(options: ReconcilerOptions): Reconciler {
  const { client, events, settings, clock } = options;
  const memos = new Map<string, Memo>();
  const disturbances = new Map<string, number>();
  const reconcile: Reconcile = async (request, { signal }) => {
    const object = options.findCluster(request);
    if (!object) {
      disturbances.delete(keyString(request));
      return done;
    }
    const members = membersOf(options.pods.list({ namespace: object.metadata.namespace ?? 'default', labels: baseLabels(object.metadata.name) }));
    const uid = object.metadata.uid ?? keyString(request);
    const now = new Date(clock.now());
    if (!object.metadata.deletionTimestamp) {
      const parsed = parseCluster(object, settings);
      if (parsed.type === 'valid') {
        return withFinalizer(client, postgresqls, object, finalizerName, {
          apply: (held) => settle({ ...options, memos, uid, disturbances: disturbances.get(keyString(request)) ?? 0, signal, now }, held, { ...parsed.cluster, source: held }, members),
          cleanup: async () => done,
        });
      }
      const operation = operationOf(object);
      const state = parsed.type === 'invalid' ? clusterStatus.invalid : operation === 'create' ? clusterStatus.createFailed : clusterStatus.updateFailed;
      if (parsed.type === 'failed') events.record(object, { type: 'Warning', ...operationError(operation, parsed.message) });
      await patchStatus(client, postgresqls, object, refusedStatus(object, state, parsed.message, now));
      return done;
    }
    return withFinalizer(client, postgresqls, object, finalizerName, {
      apply: async () => done,
      cleanup: async (leaving) => {
        if (memos.delete(uid) || members.length > 0) events.record(leaving, { type: 'Normal', reason: 'Delete', message: 'Started deletion of cluster resources' });
        const cleaned = await cleanup(client, leaving, members);
        // Pods tell when they are gone; a StatefulSet that goes does not.
        return cleaned.type === 'done' ? done : retryAfter(members.length > 0 && !cleaned.message.startsWith('StatefulSet') ? 30_000 : 50);
      },
    });
  };
  const disturb = (cluster: ObjectKey): void => void disturbances.set(keyString(cluster), (disturbances.get(keyString(cluster)) ?? 0) + 1);
  return { reconcile, disturb };
}

interface Context extends ReconcilerOptions {
  readonly memos: Map<string, Memo>;
  readonly uid: string;
  readonly disturbances: number;
  readonly signal: AbortSignal;
  readonly now: Date;
}

async function settle(context: Context, object: Postgresql, cluster: Cluster, members: readonly Member[]): Promise<Result> {
  const { client, events, settings, now } = context;
  const operation = operationOf(object);
  const begun = beginStatus(object, operation);
  if (begun && operation === 'create') events.record(object, { type: 'Normal', reason: 'Create', message: 'Started creation of new cluster resources' });
  const [current, objects] = await Promise.all([begun ? patchStatus(client, postgresqls, object, begun) : object, settleObjects(context, object, cluster)]);

  const memo = context.memos.get(context.uid);
  const outcomes: Outcome[] = [...objects];
  if (!outcomes.some(({ type }) => type === 'failed')) {
    outcomes.push(...settleMembers(cluster, members), await rollOn(context, object, cluster, members, memo), await settleDatabases(context, cluster, members, memo));
  }
  const isWaiting = outcomes.some(({ type }) => type === 'waiting');
  const age = now.getTime() - Date.parse(object.metadata.creationTimestamp ?? now.toISOString());
  const overdue = operation === 'create' && isWaiting && age > settings.waitMs;
  const status = statusOf(current, { operation, outcomes, members, instances: cluster.instances, databasesReady: memo?.databasesIn !== undefined, ignored: memo?.ignored ?? cluster.ignored, overdue }, now);
  report(context, object, current, status, operation);
  await patchStatus(client, postgresqls, current, status);

  const failure = outcomes.find((outcome) => outcome.type === 'failed');
  if (failure) {
    context.memos.delete(context.uid);
    throw new Error(`${operation} of postgresql ${keyString(keyOf(object))} failed: ${failure.message}`);
  }
  if (memo && memo.connectFailures > 0) return retryAfter(Math.min(10 * 2 ** memo.connectFailures, 2_000));
  if (isWaiting) return retryAfter(operation === 'create' && !overdue ? Math.max(settings.waitMs - age + 1, 1) : 30_000);
  return retryAfter(settings.resyncMs);
}

/** Objects as wanted, unless they were seen to be so not long ago. */
async function settleObjects(context: Context, object: Postgresql, cluster: Cluster): Promise<readonly Outcome[]> {
  const { client, memos, uid, disturbances, settings, clock, signal, events } = context;
  const known = memos.get(uid);
  if (known && known.generation === object.metadata.generation && known.disturbances === disturbances && clock.now() - known.objectsAt < settings.resyncMs) return [];
  const snapshot = await observe(client, cluster);
  const planned = plan(cluster, settings, snapshot, context.newPassword ?? randomPassword);
  const applied: readonly Applied[] = await apply(client, planned, signal);
  for (const event of eventsOf(cluster, applied)) events.record(object, event);
  const outcomes = applied.map(({ outcome }) => outcome).filter(({ type }) => type !== 'done');
  if (outcomes.length > 0) return outcomes;
  const statefulSet = planned.stages.flat().length === 0 ? snapshot.statefulSet : await client.find<StatefulSet>(statefulSets, { namespace: cluster.namespace, name: cluster.name });
  memos.set(uid, { generation: object.metadata.generation, disturbances, objectsAt: clock.now(), ignored: [...cluster.ignored, ...planned.ignored], statefulSet, databasesIn: undefined, connectFailures: 0 });
  return [];
}

/** As many pods as wanted, each with a role and ready. */
function settleMembers(cluster: Cluster, members: readonly Member[]): readonly Outcome[] {
  const masters = members.filter(({ role }) => role === 'master');
  if (masters.length > 1) return [{ type: 'failed', message: `two pods say that they are the primary: ${masters.map(({ name }) => name).join(', ')}` }];
  const ready = members.filter((member) => member.ready && member.role).length;
  if (members.length === cluster.instances && ready === cluster.instances) return [];
  return [{ type: 'waiting', reason: 'PodsNotReady', message: `${ready} of ${cluster.instances} pods are ready` }];
}

/** Replaces pods of an older template, one with each look. */
async function rollOn({ client, events }: Context, object: Postgresql, cluster: Cluster, members: readonly Member[], memo: Memo | undefined): Promise<Outcome> {
  const { outdated, next } = planRollingUpdate(members, memo?.statefulSet?.spec?.template, cluster.instances);
  if (outdated.length === 0) return { type: 'done' };
  const unmarked = outdated.filter(({ pod }) => pod.metadata.annotations?.[rollingUpdateAnnotation] !== 'true');
  if (unmarked.length === outdated.length) events.record(object, { type: 'Normal', reason: 'Update', message: 'Performing rolling update' });
  // The mark survives a restart of the operator.
  await Promise.all(unmarked.map(({ pod }) => client.patch(pods, keyOf(pod), 'merge', { metadata: { annotations: { [rollingUpdateAnnotation]: 'true' } } })));
  if (next) {
    await client.delete(pods, keyOf(next.pod), next.pod.metadata.uid ? { preconditions: { uid: next.pod.metadata.uid } } : {});
    if (outdated.length === 1) events.record(object, { type: 'Normal', reason: 'Update', message: 'Rolling update done - pods have been recreated' });
  }
  return { type: 'waiting', reason: 'RollingUpdate', message: `${outdated.length} pods are to be replaced, now ${(next ?? outdated[0]!).name}` };
}

/** Roles and databases, over SQL as the superuser: only now is it known that the database really works. */
async function settleDatabases(context: Context, cluster: Cluster, members: readonly Member[], memo: Memo | undefined): Promise<Outcome> {
  const { client } = context;
  if (cluster.instances === 0) return { type: 'done' };
  const primary = members.find(({ role, ready, ip }) => role === 'master' && ready && ip);
  if (memo?.databasesIn !== undefined && (!primary || memo.databasesIn === primary.pod.metadata.uid)) return { type: 'done' };
  if (memo) memo.databasesIn = undefined;
  if (!primary || !memo) return { type: 'waiting', reason: 'PrimaryNotReady', message: 'no primary is ready yet' };
  const secretOf = (user: string): Promise<Secret | undefined> => client.find<Secret>(secrets, { namespace: cluster.namespace, name: secretName(user, cluster.name) });
  const [own, ...users] = await Promise.all([superuserName, ...cluster.users.map(({ name }) => name)].map(secretOf));
  const login = readLogin(own);
  if (!login) return { type: 'failed', message: `Secret ${secretName(superuserName, cluster.name)} holds no username and password` };
  const passwords = new Map(cluster.users.flatMap(({ name }, index) => {
    const password = readLogin(users[index])?.password;
    return password === undefined ? [] : [[name, password] as const];
  }));
  try {
    const connection = await connect({ host: primary.ip!, port: 5432, user: login.username, password: login.password, database: 'postgres', name: 'postgres-operator' });
    try {
      const failures = await ensureDatabases(connection, cluster, passwords);
      memo.connectFailures = 0;
      if (failures.length > 0) return { type: 'failed', message: failures.join('; ') };
      memo.databasesIn = primary.pod.metadata.uid ?? primary.name;
      return { type: 'done' };
    } finally {
      await connection.end().catch(() => {});
    }
  } catch (error) {
    memo.connectFailures += 1;
    const { message } = error as Error;
    if (isAuthenticationFailure(error) && isOlder(primary.pod, own)) {
      // The Secret was made anew after the pod had read it. A new pod gives the database the new password.
      await client.delete(pods, keyOf(primary.pod));
      return { type: 'waiting', reason: 'PasswordChanged', message: `pod ${primary.name} is replaced: the superuser's Secret is newer than it` };
    }
    return { type: 'waiting', reason: 'ConnectFailed', message: `could not log in to ${primary.name} as ${login.username}: ${message}` };
  }
}

/** Or of the same second, in which a pod is replaced once too often rather than never. */
const isOlder = (pod: Pod, secret: Secret | undefined): boolean => Date.parse(pod.metadata.creationTimestamp ?? '') <= Date.parse(secret?.metadata.creationTimestamp ?? '');

/** Events for what changed with this look. */
function report({ events }: Context, object: Postgresql, before: Postgresql, status: PostgresqlStatus, operation: Operation): void {
  const changed = before.status?.PostgresClusterStatus !== status.PostgresClusterStatus;
  if (status.PostgresClusterStatus === clusterStatus.running && changed && operation === 'create') events.record(object, { type: 'Normal', reason: 'StatefulSet', message: 'Pods are ready' });
  const hasFailed = status.message !== undefined && !isDeepStrictEqual(before.status?.message, status.message);
  if (hasFailed) events.record(object, { type: 'Warning', ...operationError(operation, status.message!) });
}
