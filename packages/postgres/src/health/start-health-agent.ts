import { healthRecords, postgresqls, type HealthRecord, type Postgresql } from '@plinth/api';
import { isAlreadyExists, isNotFound, keyOf, keyString, type KubeObject, type ObjectKey } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { createCache, done, mergeDiff, runController, type Logger, type Request, type Result } from '@plinth/controller-runtime';
import { createGate } from './gate.ts';
import { databaseAnnotation, healthRecord, managedBy } from './health-record.ts';
import { startMonitor, type Health, type Monitor } from './monitor.ts';
import { isSaidReady, saidFailure, targetOf, type Target } from './target.ts';

export interface HealthAgentOptions {
  /** Reads `postgresqls`, and single Services and Secrets. */
  readonly worker: Client;
  /** Writes `healthrecords`. */
  readonly platform: Client;
  readonly signal: AbortSignal;
  readonly log?: Logger;
}

/** Runs until its signal aborts or it is disposed of. */
export interface HealthAgent extends AsyncDisposable {
  readonly finished: Promise<void>;
}

/** Logins tried at the same time. */
const maxLogins = 16;

/**
 * Tells the platform how the databases of its requests really are: logs in to each through its Service with the issued
 * credentials, keeps that connection, and writes a HealthRecord beside the request.
 *
 * Guarantees: `ready` is written only after a query was answered. When the connection breaks, `unhealthy` is written at
 * once, and `ready` again after the next login. One connection per database. A record whose database is gone is
 * deleted, also when that happened while no agent ran.
 * Caveats: a server that hangs without closing its connection is noticed after up to 6 s.
 */
export function startHealthAgent({ worker, platform, signal, log }: HealthAgentOptions): HealthAgent {
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const options = { signal: stopped.signal, ...(log ? { log } : {}) };
  const databases = createCache(worker, options);
  const written = createCache(platform, options);
  const clusters = databases.informer<Postgresql>(postgresqls);
  const records = written.informer<HealthRecord>(healthRecords, { labelSelector: `${managedBy.name}=${managedBy.value}` });
  const monitors = new Map<string, { readonly monitor: Monitor; readonly target: Target }>();
  const gate = createGate(maxLogins);

  const reconcile = async (request: Request): Promise<Result> => {
    const object = clusters.get(request);
    const target = object && targetOf(object);
    const present = records.list().filter((record) => databaseOf(record) === keyString(request));
    const known = monitors.get(keyString(request));
    if (known && (!target || JSON.stringify(target) !== JSON.stringify(known.target))) {
      monitors.delete(keyString(request));
      await known.monitor[Symbol.asyncDispose]();
    }
    for (const record of present) if (!target || record.metadata.name !== target.record.name || record.metadata.namespace !== target.record.namespace) await remove(written.client, record);
    if (!object || !target) return done;
    const own = present.find(({ metadata }) => metadata.name === target.record.name && metadata.namespace === target.record.namespace);
    const health = healthOf(object, monitorOf(request, target), own !== undefined);
    if (health.type !== 'pending') await write(written.client, own, healthRecord(target, health));
    return done;
  };
  const monitorOf = (request: Request, target: Target): Monitor => {
    const known = monitors.get(keyString(request));
    if (known) return known.monitor;
    const monitor = startMonitor({ worker, target, gate, changed: () => controller.enqueue(request) });
    monitors.set(keyString(request), { monitor, target });
    return monitor;
  };
  const controller = runController({
    name: 'postgres-health',
    sources: [{ informer: clusters }, { informer: records, map: requestOfRecord }],
    reconcile,
    retryMaxMs: 5_000,
    ...options,
  });
  const finished = controller.finished.then(async () => {
    stop();
    await Promise.all([...monitors.values()].map(({ monitor }) => monitor[Symbol.asyncDispose]()));
    await Promise.all([databases[Symbol.asyncDispose](), written[Symbol.asyncDispose]()]);
    signal.removeEventListener('abort', stop);
  });
  return {
    finished,
    [Symbol.asyncDispose]: async () => {
      stop();
      await finished;
    },
  };
}

/**
 * The monitor begins when the operator says that there is something to log in to, or when an earlier agent has said so;
 * before that only a failure is news.
 */
function healthOf(object: Postgresql, monitor: Monitor, wasKnown: boolean): Health {
  if (wasKnown || isSaidReady(object)) monitor.wake();
  const failure = saidFailure(object);
  if (monitor.health.type === 'pending' && failure) return { type: 'unhealthy', message: failure, since: new Date() };
  return monitor.health;
}

const databaseOf = (record: KubeObject): string | undefined => record.metadata.annotations?.[databaseAnnotation];

function requestOfRecord(record: KubeObject): readonly ObjectKey[] {
  const [namespace, name] = (databaseOf(record) ?? '').split('/');
  return namespace && name ? [{ namespace, name }] : [];
}

/** The time of the look alone is no reason to write. */
async function write(platform: Client, present: HealthRecord | undefined, wanted: HealthRecord): Promise<void> {
  if (present?.data?.state === wanted.data?.state && present?.data?.details?.['message'] === wanted.data?.details?.['message']) return;
  if (present) {
    const data = mergeDiff(present.data, wanted.data);
    await platform.patch(healthRecords, keyOf(wanted), 'merge', { data });
    return;
  }
  try {
    await platform.create(healthRecords, wanted);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    // Somebody made it by hand, without the label that we select by.
    await platform.patch(healthRecords, keyOf(wanted), 'merge', { metadata: { labels: wanted.metadata.labels, annotations: wanted.metadata.annotations }, data: wanted.data });
  }
}

async function remove(platform: Client, record: HealthRecord): Promise<void> {
  try {
    await platform.delete(healthRecords, keyOf(record));
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
