import { isNotFound } from '@plinth/apimachinery';
import type { CustomResourceDefinition } from '@plinth/api';
import type { Entry, StoreEvent } from '@plinth/object-store';
import type { Core, RequestContext } from '../core.ts';
import { objectKey, prefixOf, type Served } from '../registry/served.ts';
import { DamagedValueError, decode } from '../storage/codec.ts';
import { remove } from '../verbs/delete.ts';
import { change } from '../verbs/update.ts';
import { endWatches } from '../verbs/watch.ts';
import { CLEANUP_FINALIZER, isAccepted } from './crd-strategy.ts';
import { customKinds } from './custom-kinds.ts';

/**
 * Keeps what is served in step with the stored CRDs, from their events: a kind is served before the write of its CRD has
 * been answered. A CRD that is being deleted loses its objects first, and then its finalizer. Started again after a crash
 * it goes on from what is stored.
 *
 * Returns the function that ends it.
 */
export function followCrds(core: Core): () => void {
  const prefix = prefixOf({ group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions' });
  const cleanups = new Map<string, () => void>();
  const apply = (crd: CustomResourceDefinition): void => {
    const { name } = crd.metadata;
    const old = core.registry.all().filter((served) => served.crd?.name === name);
    const accepted = isAccepted(crd);
    const same = accepted && old.length > 0 && old.every((served) => served.crd?.generation === crd.metadata.generation && served.crd?.terminating === (crd.metadata.deletionTimestamp !== undefined));
    // A change of its status is no change of what is served.
    if (same) return;
    const next = accepted ? customKinds(crd, (namespace, name) => findService(core, namespace, name)) : [];
    core.registry.change((served) => served.crd?.name === name, next);
    // Clients of a version that is no longer there would wait for ever.
    for (const served of old) if (!next.some(({ apiVersion }) => apiVersion === served.apiVersion)) endWatches(core, served);
    if (crd.metadata.deletionTimestamp !== undefined && !cleanups.has(name)) cleanups.set(name, cleanUp(core, crd));
  };
  const drop = (name: string): void => {
    const old = core.registry.all().filter((served) => served.crd?.name === name);
    core.registry.change((served) => served.crd?.name === name, []);
    for (const served of old) endWatches(core, served);
    cleanups.get(name)?.();
    cleanups.delete(name);
    retryRefused(core, prefix);
  };
  const handle = (event: Pick<StoreEvent, 'key' | 'type'> & Partial<StoreEvent>): void => {
    const name = event.key.slice(prefix.length);
    if (event.type === 'delete') return drop(name);
    try {
      apply(decode(event as Extract<StoreEvent, { type: 'put' }>) as unknown as CustomResourceDefinition);
    } catch (error) {
      core.log('error', error instanceof DamagedValueError ? 'stored CRD is damaged; its kind is not served' : 'stored CRD cannot be served', { name, err: error });
    }
  };
  for (const entry of core.store.list(prefix).entries) handle({ type: 'put', ...entry, previous: undefined });
  const unwatch = core.store.watch(prefix, core.store.revision, handle);
  return () => {
    unwatch();
    for (const stop of cleanups.values()) stop();
  };
}

/** A Service is reached at its address; its proxy listens where this process is. */
function findService(core: Core, namespace: string, name: string): { readonly host: string } {
  const served = core.registry.find('', 'v1', 'services');
  const entry = served && core.store.get(objectKey(served, namespace, name));
  const spec = entry && (decode(entry)['spec'] as { readonly clusterIP?: string } | undefined);
  if (!entry) throw new Error(`there is no Service ${JSON.stringify(name)} in namespace ${JSON.stringify(namespace)}`);
  if (!spec?.clusterIP || spec.clusterIP === 'None') throw new Error(`the Service ${namespace}/${name} has no address`);
  return { host: spec.clusterIP };
}

const systemContext = (core: Core): RequestContext => ({
  user: { name: 'system:apiserver', groups: ['system:masters'] },
  userAgent: 'kube-apiserver',
  query: new URLSearchParams(),
  signal: core.signal,
  warnings: new Set(),
});

const writeOptions = { dryRun: false, fieldManager: 'kube-apiserver', fieldValidation: 'Ignore', force: false } as const;

/** Deletes the objects of a CRD and, when none is left (finalizers may take their time), lets the CRD go. */
function cleanUp(core: Core, crd: CustomResourceDefinition): () => void {
  const { group, names } = crd.spec;
  const prefix = prefixOf({ group, plural: names.plural });
  let stopped = false;
  let unwatch: () => void = () => {};
  const stop = (): void => {
    stopped = true;
    unwatch();
  };
  const release = async (): Promise<void> => {
    stop();
    const served = core.registry.find('apiextensions.k8s.io', 'v1', 'customresourcedefinitions');
    if (!served) return;
    await change(
      core,
      { served, namespace: undefined, name: crd.metadata.name },
      (current) => {
        const { resourceVersion: _, finalizers, ...metadata } = current.metadata;
        return { ...current, metadata: { ...metadata, finalizers: (finalizers ?? []).filter((finalizer) => finalizer !== CLEANUP_FINALIZER) } };
      },
      writeOptions,
      systemContext(core),
    );
  };
  const background = (work: Promise<void>): void => {
    work.catch((error: unknown) => {
      if (!stopped && !core.signal.aborted && !isNotFound(error)) core.log('error', 'cleaning up after a CRD failed', { name: crd.metadata.name, err: error });
    });
  };
  const check = (): void => {
    if (!stopped && core.store.list(prefix, { limit: 1 }).entries.length === 0) background(release());
  };
  const removeAll = async (): Promise<void> => {
    const served = core.registry.all().find((each) => each.crd?.name === crd.metadata.name);
    if (served) {
      for (const entry of core.store.list(prefix).entries) {
        const parts = entry.key.slice(prefix.length).split('/');
        const name = parts.at(-1) ?? '';
        const namespace = parts.length > 1 ? parts[0] : undefined;
        await remove(core, { served: asStored(served, entry), namespace, name }, { dryRun: false }, systemContext(core)).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
      }
    }
    unwatch = core.store.watch(prefix, core.store.revision, (event) => {
      if (event.type === 'delete') queueMicrotask(check);
    });
    check();
  };
  background(Promise.resolve().then(removeAll));
  return stop;
}

/** Deleting needs no conversion, and must not fail with the webhook, which may be gone already. */
function asStored(served: Served, entry: Entry): Served {
  const { convert: _convert, read: _read, ...plain } = served;
  try {
    const { apiVersion } = decode(entry);
    return { ...plain, apiVersion, storageApiVersion: apiVersion };
  } catch (error) {
    if (!(error instanceof DamagedValueError)) throw error;
    return plain;
  }
}

/** A CRD that was refused because of its names may have them now. Writing it again makes its conditions anew. */
function retryRefused(core: Core, prefix: string): void {
  const served = core.registry.find('apiextensions.k8s.io', 'v1', 'customresourcedefinitions');
  if (!served) return;
  for (const entry of core.store.list(prefix).entries) {
    const crd = decode(entry) as unknown as CustomResourceDefinition;
    if (isAccepted(crd) || crd.metadata.deletionTimestamp !== undefined) continue;
    change(
      core,
      { served, namespace: undefined, name: crd.metadata.name },
      (current) => {
        const { resourceVersion: _, ...metadata } = current.metadata;
        return { ...current, metadata };
      },
      writeOptions,
      systemContext(core),
    ).catch((error: unknown) => {
      if (!isNotFound(error)) core.log('error', 'accepting a CRD failed', { name: crd.metadata.name, err: error });
    });
  }
}
