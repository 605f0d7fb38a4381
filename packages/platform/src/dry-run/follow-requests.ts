import type { ApiResource, KubeObject } from '@plinth/apimachinery';
import { deepEqual } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';
import { createCache, type Informer } from '@plinth/controller-runtime';
import { LABELS } from '../naming/labels.ts';
import type { ResourceRequest } from '../resource-request/request.ts';
import type { PlatformContext } from '../runtime/context.ts';

/** The requests of one Promise that carry the dry-run label. */
export interface DryRunRequests {
  readonly resource: ApiResource;
  readonly requests: Informer<ResourceRequest>;
  readonly isSynced: () => boolean;
  /** Writes go into `requests` at once. */
  readonly client: Client;
}

/** Follows the dry runs among the requests of Promises, with a watch each that sees nothing else. */
export interface DryRunFollowers extends AsyncDisposable {
  get(promiseName: string): DryRunRequests | undefined;
  ensure(promiseName: string, resource: ApiResource): Promise<void>;
  stop(promiseName: string): Promise<void>;
}

/** `changed` is called for every dry run that comes, changes or goes, and without one when they are known for the first time. */
export function createDryRunFollowers(context: PlatformContext, changed: (promiseName: string, request: ResourceRequest | undefined) => void): DryRunFollowers {
  const following = new Map<string, DryRunRequests & AsyncDisposable>();
  const stop = async (promiseName: string): Promise<void> => {
    const followed = following.get(promiseName);
    following.delete(promiseName);
    await followed?.[Symbol.asyncDispose]();
  };
  const follow = (promiseName: string, resource: ApiResource): DryRunRequests & AsyncDisposable => {
    const cache = createCache(context.client, { signal: context.signal, clock: context.clock, log: context.log });
    const requests = cache.informer<ResourceRequest>(resource, { labelSelector: `${LABELS.dryRun}=true` });
    let isSynced = false;
    requests.synced.then(
      () => {
        isSynced = true;
        changed(promiseName, undefined);
      },
      () => {},
    );
    const tell = (request: KubeObject): void => changed(promiseName, request as ResourceRequest);
    const unsubscribe = requests.subscribe({ added: tell, updated: tell, deleted: tell });
    return {
      resource,
      requests,
      isSynced: () => isSynced,
      client: cache.client,
      [Symbol.asyncDispose]: async () => {
        unsubscribe();
        await cache[Symbol.asyncDispose]();
      },
    };
  };
  return {
    get: (promiseName) => following.get(promiseName),
    ensure: async (promiseName, resource) => {
      const existing = following.get(promiseName);
      if (existing && deepEqual(existing.resource, resource)) return;
      if (existing) await stop(promiseName);
      following.set(promiseName, follow(promiseName, resource));
    },
    stop,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...following.keys()].map(stop));
    },
  };
}
