import { pods, postgresqls, type Pod, type Postgresql } from '@plinth/api';
import type { KubeObject, ObjectKey } from '@plinth/apimachinery';
import { createCache, createEventRecorder, runController, systemClock, type Clock, type Logger } from '@plinth/controller-runtime';
import type { Program } from '../instance/program-context.ts';
import { readSettings, type OperatorSettings } from './configuration.ts';
import { createReconciler } from './reconciler.ts';
import { clusterOf, watchChildren } from './watch-children.ts';

export interface OperatorProgramOptions {
  /** On top of what the OperatorConfiguration says. */
  readonly settings?: Partial<OperatorSettings>;
  readonly clock?: Clock;
  /** How many clusters are worked on at once. Default 16. */
  readonly concurrency?: number;
}

const controllerAnnotation = 'acid.zalan.do/controller';

/**
 * The Postgres operator as a pod's program: watches `postgresqls.acid.zalan.do` and makes them real, with the names, order
 * and events of Zalando's.
 *
 * Guarantees: `Running` is written only after logging in as the superuser and seeing every role and database. Nothing of
 * a cluster is dropped or made smaller while its object exists; when it is deleted, the finalizer holds it until everything
 * is gone.
 * Assumptions: one operator per `CONTROLLER_ID` and API; it can reach the pods' addresses.
 */
export function createOperatorProgram(options: OperatorProgramOptions = {}): Program {
  return async ({ client, env, pod, signal, log, setReady }) => {
    setReady(false);
    const clock = options.clock ?? systemClock;
    const settings = { ...(await readSettings(client, env, env['OPERATOR_NAMESPACE'] || pod.metadata.namespace || 'default')), ...options.settings };
    const namespace = env['WATCHED_NAMESPACE'] && env['WATCHED_NAMESPACE'] !== '*' ? { namespace: env['WATCHED_NAMESPACE'] } : {};
    const logger = containerLogger(log);
    await using cache = createCache(client, { signal, clock, log: logger });
    await using events = createEventRecorder(client, { controller: 'postgres-operator', instance: pod.metadata.name, clock, log: logger });
    const clusters = cache.informer<Postgresql>(postgresqls, namespace);
    const members = cache.informer<Pod>(pods, { ...namespace, labelSelector: 'application=spilo' });
    const isOurs = (object: KubeObject): boolean => (object.metadata.annotations?.[controllerAnnotation] ?? '') === (env['CONTROLLER_ID'] ?? '');
    const findCluster = (key: ObjectKey): Postgresql | undefined => {
      const object = clusters.get(key);
      return object && isOurs(object) ? object : undefined;
    };
    const reconciler = createReconciler({ client: cache.client, findCluster, pods: members, events, settings, clock });
    const controller = runController({
      name: 'postgresql',
      sources: [
        { informer: clusters, predicate: (object, previous) => isOurs(object) && (!previous || isAnotherWish(object, previous)) },
        { informer: members, map: (pod) => [clusterOf(pod) ?? []].flat() },
      ],
      reconcile: reconciler.reconcile,
      concurrency: options.concurrency ?? 16,
      retryBaseMs: 20,
      signal,
      clock,
      log: logger,
      observe: ({ request, type, durationMs }) => {
        if (type === 'done' || type === 'retryAfter') log(`looked at postgresql ${request.namespace}/${request.name} in ${durationMs.toFixed(0)} ms`);
      },
    });
    watchChildren(cache, namespace, (cluster) => {
      reconciler.disturb(cluster);
      controller.enqueue(cluster);
    });
    // Not the children: it works without seeing them, and their right to be watched may come later.
    await Promise.race([Promise.all([clusters.synced, members.synced]), controller.finished]);
    if (!signal.aborted) {
      setReady(true);
      log('watching postgresqls');
    }
    await controller.finished;
    setReady(false);
    return signal.aborted ? 0 : 1;
  };
}

/** The status is our own word. */
const isAnotherWish = (object: KubeObject, previous: KubeObject): boolean =>
  object.metadata.generation !== previous.metadata.generation ||
  object.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp ||
  object.metadata.uid !== previous.metadata.uid ||
  JSON.stringify(object.metadata.annotations) !== JSON.stringify(previous.metadata.annotations);

/** The operator's log is its container's log. */
function containerLogger(log: (text: string) => void): Logger {
  const write = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string): void => {
    const details = Object.entries(fields).map(([name, value]) => `${name}=${value instanceof Error ? JSON.stringify(value.message) : String(value)}`);
    log([level, message, ...details].join(' '));
  };
  return { debug: () => {}, info: write('info'), warn: write('warning'), error: write('error') };
}
