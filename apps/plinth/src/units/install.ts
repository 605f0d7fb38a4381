import { customResourceDefinitions } from '@plinth/api';
import { gvkOf, type ApiResource, type KubeObject, type UnstructuredObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';

/**
 * Applies what Plinth itself brings along, on every start and with its own field manager, so that an upgrade arrives and
 * what others added to the objects stays.
 */
export async function install(client: Client, objects: readonly KubeObject[]): Promise<void> {
  // Kinds and namespaces first: the rest may need them. Everything of a stage is written at once, and so committed at once.
  for (const stage of [0, 1, 2]) {
    await Promise.all(objects.filter((object) => stageOf(object) === stage).map((object) => installOne(client, object)));
  }
}

function stageOf({ kind }: KubeObject): 0 | 1 | 2 {
  if (kind === 'CustomResourceDefinition' || kind === 'Namespace') return 0;
  return kind === 'ServiceAccount' || kind === 'Secret' || kind === 'ClusterRole' ? 1 : 2;
}

async function installOne(client: Client, object: KubeObject): Promise<void> {
  const resource = await resourceOf(client, object);
  const { name, namespace } = object.metadata;
  await client.patch(resource, namespace ? { name, namespace } : { name }, 'apply', object, { fieldManager: 'plinth', force: true });
}

async function resourceOf(client: Client, object: KubeObject): Promise<ApiResource> {
  if (object.kind === 'CustomResourceDefinition') return customResourceDefinitions;
  const gvk = gvkOf(object as UnstructuredObject);
  const resource = await client.resolve(gvk);
  if (!resource) throw new Error(`the API server does not serve ${gvk.kind} of ${object.apiVersion}, which Plinth wants to install as ${object.metadata.name}`);
  return resource;
}
