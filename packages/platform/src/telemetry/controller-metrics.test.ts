import assert from 'node:assert';
import { runController, silentLogger } from '@plinth/controller-runtime';
import { eventually } from '@plinth/testing';
import { describe, expect, it } from 'vitest';
import { isMistake, startControllerMetrics } from './controller-metrics.ts';

describe(startControllerMetrics, () => {
  it('shows how long what is under way has run, and counts what a mistake ended', async () => {
    using metrics = startControllerMetrics();
    const ended = new AbortController();
    const stuck = Promise.withResolvers<void>();
    const reconcile = async ({ name }: { readonly name: string }): Promise<{ readonly type: 'done' }> => {
      if (name === 'broken') (undefined as unknown as { call(): void }).call();
      await stuck.promise;
      return { type: 'done' };
    };
    await using controller = runController({ name: 'stuck-one', sources: [], reconcile, signal: ended.signal, log: silentLogger, retryBaseMs: 60_000 });
    for (const name of ['broken', 'a', 'b']) controller.enqueue({ name });
    await eventually(async () => {
      const text = await metrics.render();
      const value = (name: string): number => Number(new RegExp(`^${name}\\{[^}]*controller="stuck-one"\\} (.*)$`, 'm').exec(text)?.[1]);
      expect(value('controller_runtime_active_workers')).toBe(2);
      const longest = value('workqueue_longest_running_processor_seconds');
      expect(longest).toBeGreaterThan(0);
      expect(value('workqueue_unfinished_work_seconds')).toBeGreaterThan(longest);
      expect(value('controller_runtime_reconcile_panics_total')).toBe(1);
    });
    stuck.resolve();
    await eventually(async () => expect(await metrics.render()).toContain('workqueue_unfinished_work_seconds{name="stuck-one",controller="stuck-one"} 0\n'));
  });
});

describe(isMistake, () => {
  it('tells mistakes from what the world does', () => {
    expect([new TypeError('x is undefined'), new RangeError('too deep'), new assert.AssertionError({ message: 'no' })].map(isMistake)).toEqual([true, true, true]);
    const invalidUrl = (() => {
      try {
        return new URL('::');
      } catch (error) {
        return error;
      }
    })();
    expect([undefined, new Error('conflict'), new TypeError('fetch failed', { cause: new Error('refused') }), invalidUrl, new SyntaxError('JSON')].map(isMistake)).toEqual([false, false, false, false, false]);
  });
});
