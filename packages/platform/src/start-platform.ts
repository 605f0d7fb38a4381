import type { Client } from '@plinth/client';
import { type Clock, createCache, createEventRecorder, defaultLogger, type EventRecorder, type Logger, systemClock } from '@plinth/controller-runtime';
import { trackApplied } from './applied/track-applied.ts';
import { DEFAULT_CONFIG, type PlatformConfig } from './config.ts';
import { runDestinationController } from './destination/reconciler.ts';
import { runDryRunControllers } from './dry-run/reconciler.ts';
import { runHealthRecordController } from './health-record/reconciler.ts';
import { runJobPodsController } from './job-pods/reconciler.ts';
import { runPromiseReleaseController } from './promise-release/reconciler.ts';
import { runPromiseController } from './promise/reconciler.ts';
import { runRevisionController } from './promise-revision/reconciler.ts';
import type { PlatformContext } from './runtime/context.ts';
import { createInformers } from './runtime/informers.ts';
import { followSettings } from './settings/follow-settings.ts';
import { leveledLogger } from './settings/leveled-logger.ts';
import { type GitClientOptions, openWriter, type StateStoreWriterFactory } from './state-store/open-writer.ts';
import { runStateStoreController } from './state-store/reconciler.ts';
import { createStateStores } from './state-store/state-stores.ts';
import { aroundRequests } from './telemetry/around-requests.ts';
import { startControllerMetrics } from './telemetry/controller-metrics.ts';
import { platformLogger } from './telemetry/platform-logger.ts';
import { createTelemetry } from './telemetry/telemetry.ts';
import { runWorkPlacementController } from './work-placement/reconciler.ts';
import { runWorkController } from './work/reconciler.ts';

export interface PlatformOptions {
  /** Acts as the controller's ServiceAccount (see `platformManifests`). */
  readonly client: Client;
  /** Ends everything; so does disposal. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  /** Is told of everything from the level on that the settings say. */
  readonly log?: Logger;
  /** Is told in its place while the settings say `logging.structured: false`. */
  readonly textLog?: Logger;
  /** Stands in each line as `logger`. */
  readonly loggerName?: string;
  /** What the installation sets; the ConfigMap `kratix` wins. */
  readonly config?: Partial<PlatformConfig>;
  /** PEM of an authority that state stores' certificates may be of, besides the system's and the Secret's `ca.crt`. */
  readonly stateStoreCa?: string;
  readonly gitClient?: GitClientOptions;
  /** Opens the writers of state stores, in place of those for real ones. */
  readonly openStateStore?: StateStoreWriterFactory;
}

export interface Platform extends AsyncDisposable {
  /** What the controllers of this process did, in the Prometheus text format. Whoever serves it decides who may read it. */
  readonly metrics: () => Promise<string>;
}

/**
 * Runs all controllers of the platform on one cache. Resolves when they have been started; they begin to reconcile when
 * their informers have synced, and survive an API server that comes later or goes for a while.
 */
export function startPlatform(options: PlatformOptions): Platform {
  const { clock = systemClock } = options;
  const ended = new AbortController();
  const signal = AbortSignal.any([options.signal, ended.signal]);
  const metrics = startControllerMetrics();
  // The settings come over a client that logs already.
  let config: PlatformConfig | undefined;
  const leveled = leveledLogger({ structured: options.log ?? defaultLogger, text: options.textLog }, () => (config ?? DEFAULT_CONFIG).logging);
  const telemetry = createTelemetry(leveled);
  const log = platformLogger(leveled, telemetry, options.loggerName);
  const client = aroundRequests(options.client, (request, send) => telemetry.aroundRequest(request, () => metrics.countRequest(request, send)));
  const cache = createCache(client, { signal, clock, log });
  const stateStores = createStateStores();
  const recorders = new Map<string, EventRecorder>();
  const recorder = (controller: string): EventRecorder => {
    const existing = recorders.get(controller);
    if (existing) return existing;
    const created = createEventRecorder(client, { controller, clock, log });
    recorders.set(controller, created);
    return created;
  };
  const informers = createInformers(cache);
  config = followSettings({ informer: informers.settings, installed: options.config ?? {}, recorder: recorder('PlatformSettings'), log });
  const context: PlatformContext = {
    cache,
    client: cache.client,
    informers,
    stateStores,
    applied: trackApplied({ informers, stateStores, clock }),
    config,
    clock,
    log,
    signal,
    telemetry,
    recorder,
  };
  const openStateStore = options.openStateStore ?? openWriter({ ...(options.stateStoreCa ? { ca: options.stateStoreCa } : {}), ...(options.gitClient ? { git: options.gitClient } : {}) }, log);
  telemetry.follow(context.config, informers.settings);
  const controllers: readonly AsyncDisposable[] = [
    runStateStoreController(context, 'GitStateStore', openStateStore),
    runStateStoreController(context, 'BucketStateStore', openStateStore),
    runDestinationController(context),
    runWorkPlacementController(context),
    runWorkController(context),
    runRevisionController(context),
    runPromiseController(context),
    runDryRunControllers(context),
    runPromiseReleaseController(context),
    runHealthRecordController(context),
    runJobPodsController(context),
  ];
  return {
    metrics: metrics.render,
    [Symbol.asyncDispose]: async () => {
      ended.abort();
      context.applied[Symbol.dispose]();
      await Promise.all(controllers.map((controller) => controller[Symbol.asyncDispose]()));
      await Promise.all([...recorders.values()].map((one) => one[Symbol.asyncDispose]()));
      await cache[Symbol.asyncDispose]();
      await stateStores[Symbol.asyncDispose]();
      await telemetry[Symbol.asyncDispose]();
      metrics[Symbol.dispose]();
    },
  };
}
