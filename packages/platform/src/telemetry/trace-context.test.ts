import type { KubeObject } from '@plinth/apimachinery';
import { describe, expect, it } from 'vitest';
import { annotationsFor, spanContextOf } from './trace-context.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z');
const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
const object = (annotations: Record<string, string>, generation = 3): KubeObject => ({ apiVersion: 'v1', kind: 'A', metadata: { name: 'a', generation, annotations } });
const context = { traceId, spanId, traceFlags: 1 };

describe(spanContextOf, () => {
  it('goes on with what was written', () => {
    expect(spanContextOf(object(annotationsFor(object({}), context, NOW)), NOW + 1000)).toMatchObject(context);
  });
  it('goes on with what was handed down without time and generation', () => {
    expect(spanContextOf(object({ 'kratix.io/trace-parent': `00-${traceId}-${spanId}-01`, 'kratix.io/trace-state': 'a=b' }), NOW)?.traceState?.serialize()).toBe('a=b');
  });
  it('begins anew after a day, for another generation, and for what is no trace', () => {
    const annotations = annotationsFor(object({}), context, NOW);
    expect(spanContextOf(object(annotations), NOW + 25 * 60 * 60 * 1000)).toBeUndefined();
    expect(spanContextOf(object(annotations, 4), NOW)).toBeUndefined();
    expect(spanContextOf(object({ ...annotations, 'kratix.io/trace-timestamp': 'yesterday' }), NOW)).toBeUndefined();
    expect(spanContextOf(object({}), NOW)).toBeUndefined();
    for (const parent of ['', 'x', `00-${'0'.repeat(32)}-${spanId}-01`, `00-${traceId}-${spanId}`]) expect(spanContextOf(object({ 'kratix.io/trace-parent': parent }), NOW)).toBeUndefined();
  });
});
