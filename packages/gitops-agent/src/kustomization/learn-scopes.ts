import { gvkOf, type UnstructuredObject } from '@plinth/apimachinery';
import type { Client } from '@plinth/client';

/** Whether kinds have namespaces, by `apiVersion kind`; undefined: nobody knows yet. */
export type Scopes = Map<string, boolean | undefined>;

/** Which kinds have namespaces, asked once per kind; a definition among the objects says it of its own kind. */
export async function learnScopes(client: Client, scopes: Scopes, objects: readonly UnstructuredObject[]): Promise<void> {
  for (const object of objects) {
    const spec = object['spec'] as { readonly scope?: string; readonly group?: string; readonly names?: { readonly kind?: string }; readonly versions?: readonly { readonly name: string }[] } | undefined;
    if (object.kind !== 'CustomResourceDefinition') continue;
    for (const version of spec?.versions ?? []) scopes.set(`${spec?.group ?? ''}/${version.name} ${spec?.names?.kind ?? ''}`, spec?.scope === 'Namespaced');
  }
  for (const object of objects) {
    const key = `${object.apiVersion} ${object.kind}`;
    if (scopes.get(key) === undefined) scopes.set(key, (await client.resolve(gvkOf(object)))?.namespaced);
  }
}
