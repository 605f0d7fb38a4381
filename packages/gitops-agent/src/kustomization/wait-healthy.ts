import { parseApiVersion, type GroupVersionKind, type ObjectKey } from '@plinth/apimachinery';
import { until, WaitTimeoutError, type Client } from '@plinth/client';
import { healthOf, type Health } from './health.ts';
import { mapConcurrently } from './map-concurrently.ts';

export interface HealthTarget {
  readonly apiVersion: string;
  readonly kind: string;
  readonly key: ObjectKey;
}

export type WaitResult = { readonly type: 'healthy' } | { readonly type: 'unhealthy'; readonly message: string };

/**
 * Waits, on watches, until all objects are as their specs say. Ends early when one has failed for good.
 * Errors: the signal's reason when it aborts.
 */
export async function waitHealthy(client: Client, targets: readonly HealthTarget[], options: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<WaitResult> {
  const deadline = Date.now() + options.timeoutMs;
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const stalled: string[] = [];
  const late: string[] = [];
  await mapConcurrently(targets, 16, async (target) => {
    if (signal.aborted) return;
    let health: Health | 'NotFound' = 'NotFound';
    try {
      const gvk: GroupVersionKind = { ...parseApiVersion(target.apiVersion), kind: target.kind };
      const resource = await client.resolve(gvk);
      if (resource) {
        const key = resource.namespaced ? target.key : { name: target.key.name };
        await until(client, resource, key, (object) => {
          health = object ? healthOf(object) : 'NotFound';
          return health === 'Current' || health === 'Failed';
        }, { timeoutMs: Math.max(deadline - Date.now(), 1), signal });
      }
    } catch (error) {
      if (!(error instanceof WaitTimeoutError) && !signal.aborted) throw error;
    }
    const subject = [target.kind, target.key.namespace, target.key.name].filter(Boolean).join('/');
    const text = `${subject} status: '${health as string}'`;
    if ((health as string) === 'Failed') {
      stalled.push(text);
      failed.abort();
    } else if ((health as string) !== 'Current') late.push(text);
  });
  options.signal.throwIfAborted();
  if (stalled.length > 0) return { type: 'unhealthy', message: `failed early due to stalled resources: [${stalled.join(', ')}]` };
  return late.length > 0 ? { type: 'unhealthy', message: `timeout waiting for: [${late.join(', ')}]` } : { type: 'healthy' };
}
