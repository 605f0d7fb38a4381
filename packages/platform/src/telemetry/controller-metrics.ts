import { isApiError } from '@plinth/apimachinery';
import { type Controller, observeControllers } from '@plinth/controller-runtime';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { AroundRequest, RequestAttributes } from './around-requests.ts';

/** Counts what controllers do, in the words of controller-runtime, so that dashboards made for Kratix fit. */
export interface ControllerMetrics extends Disposable {
  /** Counts the requests of a client; see `aroundRequests`. */
  readonly countRequest: AroundRequest;
  /** The Prometheus text format. */
  readonly render: () => Promise<string>;
}

/**
 * Counts from now until it is disposed: all controllers of this process, whoever runs them. Names and meanings are those of
 * https://book.kubebuilder.io/reference/metrics-reference; `plinth_api_requests_total` is ours and names the kind as well.
 */
export function startControllerMetrics(): ControllerMetrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> => new Counter({ name, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[], buckets: readonly number[]): Histogram<L> => new Histogram({ name, help, labelNames, buckets: [...buckets], registers });
  const controllers = new Set<Controller>();
  const gauge = (name: string, help: string, value: (controller: Controller) => number, labelsOf: (name: string) => Record<string, string>): void => {
    const metric = new Gauge({
      name,
      help,
      labelNames: Object.keys(labelsOf('')),
      registers: [],
      collect() {
        this.reset();
        for (const controller of controllers) this.set(labelsOf(controller.name), value(controller));
      },
    });
    registry.registerMetric(metric);
  };

  const byController = (name: string): { controller: string } => ({ controller: name });
  const byQueue = (name: string): { name: string; controller: string } => ({ name, controller: name });
  gauge('controller_runtime_max_concurrent_reconciles', 'Maximum number of concurrent reconciles per controller', (controller) => controller.concurrency, byController);
  gauge('controller_runtime_active_workers', 'Number of currently used workers per controller', (controller) => controller.running, byController);
  gauge('workqueue_depth', 'Current depth of workqueue by workqueue', (controller) => controller.queueLength, byQueue);
  gauge('workqueue_unfinished_work_seconds', 'How many seconds of work has been done that is in progress and has not been observed by work_duration. Large values indicate stuck threads.', (controller) => sum(controller.runningMs()) / 1000, byQueue);
  gauge('workqueue_longest_running_processor_seconds', 'How many seconds the longest running processor of the workqueue has been running', (controller) => Math.max(0, ...controller.runningMs()) / 1000, byQueue);
  const total = counter('controller_runtime_reconcile_total', 'Total number of reconciliations per controller', ['controller', 'result']);
  const errors = counter('controller_runtime_reconcile_errors_total', 'Total number of reconciliation errors per controller', ['controller']);
  const terminal = counter('controller_runtime_terminal_reconcile_errors_total', 'Total number of terminal reconciliation errors per controller', ['controller']);
  const panics = counter('controller_runtime_reconcile_panics_total', 'Total number of reconciliations that a mistake of the program ended, per controller', ['controller']);
  const duration = histogram('controller_runtime_reconcile_time_seconds', 'Length of time per reconciliation per controller', ['controller'], RECONCILE_BUCKETS);
  const queued = histogram('workqueue_queue_duration_seconds', 'How long in seconds an item stays in workqueue before being requested', ['name', 'controller'], QUEUE_BUCKETS);
  const worked = histogram('workqueue_work_duration_seconds', 'How long in seconds processing an item from workqueue takes', ['name', 'controller'], QUEUE_BUCKETS);
  const retries = counter('workqueue_retries_total', 'Total number of retries handled by workqueue', ['name', 'controller']);

  // Whatever was added waits, is taken, or is done.
  const finished = new Map<string, number>();
  const added = new Map<string, number>();
  registry.registerMetric(
    new Counter({
      name: 'workqueue_adds_total',
      help: 'Total number of adds handled by workqueue',
      labelNames: ['name', 'controller'],
      registers: [],
      collect() {
        const counts = new Map(finished);
        for (const { name, running, queueLength } of controllers) counts.set(name, (counts.get(name) ?? 0) + running + queueLength);
        this.reset();
        for (const [name, count] of counts) {
          // What waited when a controller ended was added all the same.
          added.set(name, Math.max(count, added.get(name) ?? 0));
          this.inc(byQueue(name), added.get(name));
        }
      },
    }),
  );

  const end = observeControllers({
    started: (controller) => {
      controllers.add(controller);
      panics.inc({ controller: controller.name }, 0);
      void controller.finished.then(() => controllers.delete(controller));
    },
    reconciled: ({ controller, type, durationMs, queuedMs, error }) => {
      const hasFailed = type === 'failed' || type === 'terminal';
      finished.set(controller, (finished.get(controller) ?? 0) + 1);
      total.inc({ controller, result: hasFailed ? 'error' : type === 'retryAfter' ? 'requeue_after' : 'success' });
      if (hasFailed) errors.inc({ controller });
      if (isMistake(error)) panics.inc({ controller });
      if (type === 'terminal') terminal.inc({ controller });
      if (type === 'failed') retries.inc(byQueue(controller));
      duration.observe({ controller }, durationMs / 1000);
      queued.observe(byQueue(controller), Math.max(0, queuedMs) / 1000);
      worked.observe(byQueue(controller), durationMs / 1000);
    },
  });
  const rest = counter('rest_client_requests_total', 'Number of HTTP requests, partitioned by status code, method, and host.', ['code', 'method', 'host']);
  const requests = counter('plinth_api_requests_total', 'Requests of the platform to its API server, by verb, kind and result.', ['verb', 'resource', 'subresource', 'code']);
  const countRequest = ({ verb, method, resource, subresource }: RequestAttributes, code: string): void => {
    rest.inc({ code, method, host: 'kubernetes.default.svc' });
    requests.inc({ verb, resource: resource.plural, subresource, code });
  };
  return {
    countRequest: async (request, send) => {
      try {
        const answer = await send();
        countRequest(request, request.method === 'POST' ? '201' : '200');
        return answer;
      } catch (error) {
        // As client-go says it when there was no answer.
        countRequest(request, isApiError(error) ? String(error.status.code) : '<error>');
        throw error;
      }
    },
    render: () => registry.metrics(),
    [Symbol.dispose]: end,
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

/** What Go calls a panic: an error that only a mistake of the program throws. What Node throws for input or networks has a code or a cause. */
export function isMistake(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  const isOfTheLanguage = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  return code === 'ERR_ASSERTION' || (isOfTheLanguage && code === undefined && error.cause === undefined);
}

/** Of controller-runtime and client-go; ours of the middle range, because most reconciles take less than a millisecond. */
const RECONCILE_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const QUEUE_BUCKETS = [1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100];
