import { configMaps, namespaces, serviceAccounts, type ConfigMap, type Namespace, type ServiceAccount } from '@plinth/api';
import { deepEqual, isAlreadyExists, isConflict, isForbidden, isNotFound } from '@plinth/apimachinery';
import { done, runController, type Controller } from '@plinth/controller-runtime';
import type { Inventory } from '../../inventory/inventory.ts';
import { withCondition } from '../../objects/conditions.ts';
import type { Condition } from '../../objects/types.ts';
import type { ControllerContext } from '../controller-context.ts';
import { deleteObject } from '../delete-object.ts';

export interface NamespaceOptions {
  /** PEM of the authority that signed the API server's certificate, for the pods of every namespace. */
  readonly caCertificate?: string;
}

/**
 * Gives every namespace its ServiceAccount `default` and the certificate of the cluster's authority, and empties a
 * namespace that is being deleted: everything in it goes, then the namespace.
 */
export function startNamespaceController(context: ControllerContext, inventory: Inventory, { caCertificate }: NamespaceOptions): Controller {
  const { cache, clock } = context;
  const { client } = cache;
  const informer = cache.informer<Namespace>(namespaces);
  const accounts = cache.informer<ServiceAccount>(serviceAccounts);
  const configs = cache.informer<ConfigMap>(configMaps);
  const ofNamed = (wanted: string) => (object: { readonly metadata: { readonly name: string; readonly namespace?: string } }) =>
    object.metadata.name === wanted ? [{ name: object.metadata.namespace! }] : [];

  const controller = runController({
    ...context,
    name: 'namespace',
    sources: [
      { informer },
      { informer: accounts, map: ofNamed(DEFAULT_ACCOUNT) },
      ...(caCertificate ? [{ informer: configs, map: ofNamed(ROOT_CA) }] : []),
    ],
    reconcile: async ({ name }) => {
      const namespace = informer.get({ name });
      if (!namespace) return done;
      if (!namespace.metadata.deletionTimestamp) {
        await furnish(name);
        return done;
      }
      await inventory.synced;
      await empty(namespace);
      return done;
    },
  });
  const unsubscribe = inventory.subscribe((item, previous) => {
    const name = (item ?? previous!).key.namespace;
    if (name && informer.get({ name })?.metadata.deletionTimestamp) controller.enqueue({ name });
  });
  void controller.finished.then(unsubscribe);

  async function furnish(namespace: string): Promise<void> {
    const ensure = async (make: () => Promise<unknown>): Promise<void> => {
      try {
        await make();
      } catch (error) {
        // Forbidden: the namespace began to go meanwhile.
        if (!isAlreadyExists(error) && !isForbidden(error) && !isNotFound(error)) throw error;
      }
    };
    if (!accounts.get({ namespace, name: DEFAULT_ACCOUNT })) {
      await ensure(() => client.create<ServiceAccount>(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: DEFAULT_ACCOUNT, namespace } }));
    }
    if (!caCertificate) return;
    const data = { 'ca.crt': caCertificate };
    const known = configs.get({ namespace, name: ROOT_CA });
    if (!known) {
      await ensure(() =>
        client.create<ConfigMap>(configMaps, {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: ROOT_CA, namespace, annotations: { 'kubernetes.io/description': 'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints.' } },
          data,
        }),
      );
    } else if (!deepEqual(known.data, data)) {
      await ensure(() => client.patch(configMaps, { namespace, name: ROOT_CA }, 'merge', { data }));
    }
  }

  async function empty(namespace: Namespace): Promise<void> {
    const { name } = namespace.metadata;
    const left = inventory.inNamespace(name);
    for (const item of left) {
      if (!item.isDeleting) await deleteObject(client, item.kind, { apiVersion: '', kind: '', metadata: { ...item.key, uid: item.uid } }, { propagationPolicy: 'Background' });
    }
    // What is left is on its way out; each one that goes asks for another look.
    const remaining = inventory.inNamespace(name);
    if (remaining.length > 0) return report(namespace, remaining);
    for (const kind of inventory.kinds()) {
      if (kind.namespaced) await client.deleteCollection(kind, { namespace: name }).catch((error: unknown) => ignoreMissing(error));
    }
    await finalize(namespace);
  }

  async function report(namespace: Namespace, remaining: ReturnType<Inventory['inNamespace']>): Promise<void> {
    const held = remaining.filter((item) => item.finalizers.length > 0);
    const counts = (of: readonly string[]): string => [...Map.groupBy(of, (each) => each)].map(([each, all]) => `${each} has ${all.length} resource instances`).join(', ');
    const conditions = [
      { type: 'NamespaceContentRemaining', status: 'True', reason: 'SomeResourcesRemain', message: `Some resources are remaining: ${counts(remaining.map(({ kind }) => (kind.group ? `${kind.plural}.${kind.group}` : kind.plural)))}` },
      held.length > 0
        ? { type: 'NamespaceFinalizersRemaining', status: 'True', reason: 'SomeFinalizersRemain', message: `Some content in the namespace has finalizers remaining: ${counts(held.flatMap(({ finalizers }) => finalizers)).replaceAll('resource instances', 'instances')}` }
        : { type: 'NamespaceFinalizersRemaining', status: 'False', reason: 'ContentHasNoFinalizers', message: 'All content-preserving finalizers finished' },
    ].reduce<readonly Condition[] | undefined>((list, condition) => withCondition(list, condition, clock.now()), namespace.status?.conditions as readonly Condition[] | undefined);
    const status = { ...namespace.status, phase: 'Terminating', conditions };
    if (deepEqual(status, namespace.status)) return;
    await client.updateStatus(namespaces, { ...namespace, status } as Namespace).catch((error: unknown) => {
      if (!isConflict(error) && !isNotFound(error)) throw error;
    });
  }

  async function finalize(namespace: Namespace): Promise<void> {
    const live = await client.find<Namespace>(namespaces, { name: namespace.metadata.name });
    if (!live || live.metadata.uid !== namespace.metadata.uid) return;
    const finalizers = (live.spec?.finalizers ?? []).filter((finalizer) => finalizer !== 'kubernetes');
    await client.update(namespaces, { ...live, spec: { ...live.spec, finalizers } }, { subresource: 'finalize' }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  return controller;
}

const DEFAULT_ACCOUNT = 'default';
const ROOT_CA = 'kube-root-ca.crt';

function ignoreMissing(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
