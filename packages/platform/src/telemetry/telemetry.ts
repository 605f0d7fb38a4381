import type { KubeObject } from '@plinth/apimachinery';
import type { Informer, Logger, Reconcile, Request } from '@plinth/controller-runtime';
import type { ConfigMap } from '@plinth/api';
import { deepEqual } from '@plinth/apimachinery';
import type { PlatformConfig, TelemetryConfig } from '../config.ts';
import type { AroundRequest } from './around-requests.ts';

/** What is told to an OpenTelemetry collector while one is configured; else every call is next to nothing. */
export interface Telemetry {
  /** Runs `run` as a span, in the trace that the object's annotations name, or in a new one. */
  span<T>(span: SpanSubject, run: () => Promise<T>): Promise<T>;
  /** The annotations with which the current trace goes on from the object; undefined when it has those it needs. */
  traceAnnotations(object: KubeObject): Readonly<Record<string, string>> | undefined;
  /** Of the current span. */
  traceId(): string | undefined;
  /** Spans of requests to the Kratix API, below the current one. */
  readonly aroundRequest: AroundRequest;
  /** One more of `kratix_workplacement_writes_total`. */
  placementWritten(attributes: WriteAttributes): void;
  /** One more of `kratix_workplacement_outcomes_total`. */
  placementScheduled(attributes: OutcomeAttributes): void;
}

export interface SpanSubject {
  readonly name: string;
  readonly object: KubeObject | undefined;
}
export interface WriteAttributes {
  readonly result: 'success' | 'failure';
  readonly promise: string;
  readonly resource: string;
  readonly destination: string;
  readonly pipeline: string;
}
export interface OutcomeAttributes {
  readonly result: 'scheduled' | 'unscheduled' | 'misplaced';
  readonly promise: string;
  readonly resource: string;
  readonly namespace: string;
  readonly destination: string;
}

/** Tells nobody anything. */
export const NO_TELEMETRY: Telemetry = {
  span: (_span, run) => run(),
  traceAnnotations: () => undefined,
  traceId: () => undefined,
  aroundRequest: (_request, send) => send(),
  placementWritten: () => {},
  placementScheduled: () => {},
};

export interface FollowedTelemetry extends Telemetry, AsyncDisposable {
  /** Begins to follow `config`; the ConfigMap's events say when to look. */
  follow(config: PlatformConfig, settings: Informer<ConfigMap>): void;
}

/**
 * Telemetry as the settings want it now. The libraries are loaded when the settings name a collector for the first time,
 * and a changed setting starts it anew; what is counted or traced in between is lost.
 */
export function createTelemetry(log: Logger): FollowedTelemetry {
  let current: Telemetry = NO_TELEMETRY;
  let settings: TelemetryConfig | undefined;
  let changing: Promise<void> = Promise.resolve();
  let running: AsyncDisposable | undefined;
  let unsubscribe = (): void => {};

  const change = async (next: TelemetryConfig | undefined): Promise<void> => {
    current = NO_TELEMETRY;
    await running?.[Symbol.asyncDispose]();
    running = undefined;
    if (!next) return;
    try {
      const { openTelemetry } = await import('./open-telemetry.ts');
      running = current = openTelemetry(next, log);
    } catch (err) {
      log.error({ endpoint: next.endpoint, err }, 'telemetry could not be started');
    }
  };
  const after = async (previous: Promise<void>, next: TelemetryConfig | undefined): Promise<void> => {
    await previous;
    await change(next);
  };
  const become = (next: TelemetryConfig | undefined): void => {
    if (deepEqual(next, settings)) return;
    settings = next;
    changing = after(changing, next);
  };
  return {
    span: (span, run) => current.span(span, run),
    traceAnnotations: (object) => current.traceAnnotations(object),
    traceId: () => current.traceId(),
    aroundRequest: (request, send) => current.aroundRequest(request, send),
    placementWritten: (attributes) => current.placementWritten(attributes),
    placementScheduled: (attributes) => current.placementScheduled(attributes),
    follow: (config, informer) => {
      const look = (): void => become(config.telemetry);
      unsubscribe = informer.subscribe({ added: look, updated: look, deleted: look });
      look();
    },
    [Symbol.asyncDispose]: async () => {
      unsubscribe();
      become(undefined);
      await changing;
    },
  };
}

/** A reconcile that is a span while traces are exported. `subject` says which; undefined: there is nothing to reconcile. */
export function traced(telemetry: Telemetry, subject: (request: Request) => SpanSubject | undefined, reconcile: Reconcile): Reconcile {
  return (request, context) => {
    const span = subject(request);
    return span?.object ? telemetry.span(span, () => reconcile(request, context)) : reconcile(request, context);
  };
}

/** `[<request>/]<promise>/`: how the spans of Works and placements begin. */
export function spanPrefix(promiseName: string | undefined, resourceName: string | undefined): string {
  return `${resourceName ? `${resourceName}/` : ''}${promiseName ?? ''}`;
}
