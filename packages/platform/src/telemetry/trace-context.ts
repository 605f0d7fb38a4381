import { createTraceState, isSpanContextValid, type SpanContext } from '@opentelemetry/api';
import type { KubeObject } from '@plinth/apimachinery';
import { ANNOTATIONS } from '../naming/labels.ts';

/** A trace that is older than this is not gone on with, in ms (contract, section 8.3). */
const MAX_AGE_MS = 24 * 60 * 60 * 1000;

/**
 * The span that an object's annotations name (https://www.w3.org/TR/trace-context/). Undefined when they are missing or
 * invalid, older than a day, or of another generation of the object: then a new trace begins. What was handed down, to a
 * Work say, has neither time nor generation and is taken as it is.
 */
export function spanContextOf({ metadata }: KubeObject, now: number): SpanContext | undefined {
  const { [ANNOTATIONS.traceParent]: parent, [ANNOTATIONS.traceState]: state, [ANNOTATIONS.traceTimestamp]: timestamp, [ANNOTATIONS.traceGeneration]: generation } = metadata.annotations ?? {};
  const [, traceId, spanId, flags] = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(parent ?? '') ?? [];
  if (!traceId || !spanId || !flags) return undefined;
  if (generation !== undefined && generation !== String(metadata.generation ?? 0)) return undefined;
  if (timestamp !== undefined && !(now - Date.parse(timestamp) <= MAX_AGE_MS)) return undefined;
  const context: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true, ...(state ? { traceState: createTraceState(state) } : {}) };
  return isSpanContextValid(context) ? context : undefined;
}

/** The annotations that name a span as where an object's trace goes on. */
export function annotationsFor({ metadata }: KubeObject, { traceId, spanId, traceFlags, traceState }: SpanContext, now: number): Readonly<Record<string, string>> {
  return {
    [ANNOTATIONS.traceParent]: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    [ANNOTATIONS.traceState]: traceState?.serialize() ?? '',
    [ANNOTATIONS.traceTimestamp]: new Date(now).toISOString(),
    [ANNOTATIONS.traceGeneration]: String(metadata.generation ?? 0),
  };
}
