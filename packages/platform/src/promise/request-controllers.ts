import type { ApiResource } from '@plinth/apimachinery';
import { deepEqual } from '@plinth/apimachinery';
import { type RequestController, runRequestController } from '../resource-request/reconciler.ts';
import type { PlatformContext } from '../runtime/context.ts';

/** The controllers of requests that run, one per Promise with an API. */
export interface RequestControllers extends AsyncDisposable {
  get(promiseName: string): RequestController | undefined;
  /** Starts the controller of a Promise, or starts it anew when its kind moved to another version. */
  ensure(promiseName: string, resource: ApiResource): Promise<RequestController>;
  stop(promiseName: string): Promise<void>;
}

/** `changed` is called when a Promise's requests are known for the first time, and when one of them is gone while the Promise is being deleted. */
export function createRequestControllers(context: PlatformContext, changed: (promiseName: string) => void): RequestControllers {
  const running = new Map<string, RequestController>();
  const stop = async (promiseName: string): Promise<void> => {
    const controller = running.get(promiseName);
    running.delete(promiseName);
    await controller?.[Symbol.asyncDispose]();
  };
  return {
    get: (promiseName) => running.get(promiseName),
    ensure: async (promiseName, resource) => {
      const existing = running.get(promiseName);
      if (existing && deepEqual(existing.resource, resource)) return existing;
      if (existing) await stop(promiseName);
      const started = runRequestController(context, promiseName, resource, () => changed(promiseName));
      running.set(promiseName, started);
      return started;
    },
    stop,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...running.keys()].map(stop));
    },
  };
}
