import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { type ISerializer, ProtobufMetricsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader, type PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import { apiVersionOf } from '@plinth/apimachinery';
import type { Logger } from '@plinth/controller-runtime';
import type { TelemetryConfig } from '../config.ts';
import { PLATFORM_GROUP } from '../naming/constants.ts';
import { createOtlpSender, type OtlpSender, type OtlpSignal } from './otlp-sender.ts';
import type { Telemetry } from './telemetry.ts';
import { annotationsFor, spanContextOf } from './trace-context.ts';

/** As Kratix calls itself. */
const SERVICE_NAME = 'kratix-controller-manager';
const SHUTDOWN_MS = 2_000;

/**
 * Sends traces and counters to a collector. Nothing global is set: this and another one in the same process do not meet.
 * This file loads the libraries of OpenTelemetry, some 5 MB of memory: import it only when they are needed.
 */
export function openTelemetry(config: TelemetryConfig, log: Logger, now: () => number = Date.now): Telemetry & AsyncDisposable {
  const send = tellingOnce(createOtlpSender(config), config.endpoint.replace(/\/\/[^/]*@/, '//'), log);
  const resource = resourceFromAttributes({ 'service.name': SERVICE_NAME });
  const tracers = config.traces ? new TracerProvider({ resource, spanProcessors: [new BatchSpanProcessor({ exporter: exporter('traces', ProtobufTraceSerializer, send) as SpanExporter })] }) : undefined;
  const meters = config.metrics ? new MeterProvider({ resource, readers: [new PeriodicExportingMetricReader({ exporter: exporter('metrics', ProtobufMetricsSerializer, send) as PushMetricExporter })] }) : undefined;
  const tracer = tracers?.getTracer('plinth');
  const meter = meters?.getMeter('plinth');
  const writes = meter?.createCounter('kratix_workplacement_writes_total', { description: 'Writes of WorkPlacements to state stores.' });
  const outcomes = meter?.createCounter('kratix_workplacement_outcomes_total', { description: 'Outcomes of scheduling WorkPlacements.' });
  const active = new AsyncLocalStorage<Context>();

  const within = async <T>(span: Span, context: Context, run: () => Promise<T>): Promise<T> => {
    try {
      return await active.run(trace.setSpan(context, span), run);
    } catch (error) {
      span.recordException(error as Error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: (error as Error).message });
      throw error;
    } finally {
      span.end();
    }
  };
  const currentSpan = (): Span | undefined => {
    const context = active.getStore();
    return context && trace.getSpan(context);
  };
  return {
    span: (subject, run) => {
      if (!tracer || !subject.object) return run();
      const parent = spanContextOf(subject.object, now());
      const context = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
      return within(tracer.startSpan(subject.name, { kind: SpanKind.INTERNAL }, context), context, run);
    },
    traceAnnotations: (object) => {
      const span = currentSpan();
      return span && !spanContextOf(object, now()) ? annotationsFor(object, span.spanContext(), now()) : undefined;
    },
    traceId: () => currentSpan()?.spanContext().traceId,
    aroundRequest: (request, sendRequest) => {
      const context = active.getStore();
      const { resource: kind, method, subresource } = request;
      if (!tracer || !context || kind.group !== PLATFORM_GROUP) return sendRequest();
      const path = `/apis/${apiVersionOf(kind)}/${kind.plural}${subresource ? `/${subresource}` : ''}`;
      return within(tracer.startSpan(`${method} ${path}`, { kind: SpanKind.CLIENT, attributes: { 'http.request.method': method, 'url.path': path } }, context), context, sendRequest);
    },
    placementWritten: (attributes) => writes?.add(1, { ...attributes }),
    placementScheduled: (attributes) => outcomes?.add(1, { ...attributes }),
    [Symbol.asyncDispose]: async () => {
      // What is still to be sent is; a collector that does not answer is no reason to stay.
      await Promise.race([Promise.allSettled([tracers?.shutdown(), meters?.shutdown()]), delay(SHUTDOWN_MS, undefined, { ref: false })]);
    },
  };
}

/** Both kinds of exporters have the same shape; 0 and 1 are OpenTelemetry's codes for success and failure. */
function exporter<T>(signal: OtlpSignal, serializer: ISerializer<T, unknown>, send: OtlpSender): unknown {
  const pending = new Set<Promise<void>>();
  const settled = async (): Promise<void> => {
    await Promise.allSettled(pending);
  };
  return {
    export: (items: T, done: (result: { readonly code: number; readonly error?: Error }) => void) => {
      const exporting = async (): Promise<void> => {
        try {
          await send(signal, serializer.serializeRequest(items) ?? new Uint8Array());
        } catch (error) {
          return done({ code: 1, error: error as Error });
        }
        done({ code: 0 });
      };
      const sending = exporting();
      pending.add(sending);
      void sending.finally(() => pending.delete(sending));
    },
    forceFlush: settled,
    shutdown: settled,
  };
}

/** Says when the collector stops to answer and when it does again, and not for every export between. */
function tellingOnce(send: OtlpSender, endpoint: string, log: Logger): OtlpSender {
  const failing = new Set<OtlpSignal>();
  return async (signal, body) => {
    try {
      await send(signal, body);
    } catch (err) {
      if (!failing.has(signal)) log.warn({ endpoint, signal, err }, 'telemetry could not be exported');
      failing.add(signal);
      throw err;
    }
    if (failing.delete(signal)) log.info({ endpoint, signal }, 'telemetry is exported again');
  };
}
