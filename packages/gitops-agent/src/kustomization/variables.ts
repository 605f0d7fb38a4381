import { configMaps, secrets, type ConfigMap, type Kustomization, type Secret } from '@plinth/api';
import type { Client } from '@plinth/client';

const NAME = /^[_a-zA-Z][_a-zA-Z0-9]*$/;

/**
 * The variables of a Kustomization: those of `substituteFrom` in order, then those of `substitute`; the last one wins.
 * Throws when an object that is not optional is missing, or a name cannot be a variable.
 */
export async function readVariables(client: Client, kustomization: Kustomization): Promise<ReadonlyMap<string, string>> {
  const variables = new Map<string, string>();
  const { postBuild } = kustomization.spec ?? {};
  const namespace = kustomization.metadata.namespace ?? '';
  const set = (name: string, value: string, from: string): void => {
    if (!NAME.test(name)) throw new Error(`post build failed: ${from} has the key '${name}', which is no name of a variable`);
    variables.set(name, value.replaceAll('\n', ''));
  };
  for (const { kind, name, optional } of postBuild?.substituteFrom ?? []) {
    const from = `${kind} '${namespace}/${name}'`;
    if (kind === 'Secret') {
      const secret = await client.find<Secret>(secrets, { namespace, name });
      if (!secret && !optional) throw new Error(`post build failed: substitute from ${from} error: secrets "${name}" not found`);
      for (const [key, value] of Object.entries(secret?.data ?? {})) set(key, Buffer.from(value, 'base64').toString('utf8'), from);
    } else {
      const configMap = await client.find<ConfigMap>(configMaps, { namespace, name });
      if (!configMap && !optional) throw new Error(`post build failed: substitute from ${from} error: configmaps "${name}" not found`);
      for (const [key, value] of Object.entries(configMap?.data ?? {})) set(key, value, from);
    }
  }
  for (const [key, value] of Object.entries(postBuild?.substitute ?? {})) set(key, value, 'postBuild.substitute');
  return variables;
}
