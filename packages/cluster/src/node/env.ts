import { configMaps, secrets, type ConfigMap, type Pod, type Secret } from '@plinth/api';
import type { Client } from '@plinth/client';
import type { Container } from '../objects/types.ts';
import { expandVariables } from './expand-variables.ts';
import { fieldValue, resourceValue } from './downward.ts';
import { ContainerConfigError } from './errors.ts';

export interface EnvSources {
  readonly client: Client;
  readonly podIP: string;
  readonly nodeIP: string;
  readonly nodeName: string;
  /** KUBERNETES_SERVICE_HOST and those of Services. */
  readonly serviceEnv: Readonly<Record<string, string>>;
}

/**
 * The environment of a container, complete: Services, then `envFrom`, then `env` in order, where `$(NAME)` refers to what
 * came before.
 *
 * Errors: `ContainerConfigError` when something that is referred to is missing and not optional.
 */
export async function containerEnv(pod: Pod, container: Container, sources: EnvSources): Promise<Readonly<Record<string, string>>> {
  const namespace = pod.metadata.namespace!;
  const env: Record<string, string> = { ...sources.serviceEnv };
  const cached = new Map<string, Promise<Readonly<Record<string, string>> | undefined>>();
  const data = (kind: 'configmap' | 'secret', name: string): Promise<Readonly<Record<string, string>> | undefined> => {
    const key = `${kind}/${name}`;
    let found = cached.get(key);
    if (!found) cached.set(key, (found = readData(sources.client, kind, namespace, name)));
    return found;
  };

  for (const source of container.envFrom ?? []) {
    for (const [kind, ref] of [['configmap', source.configMapRef], ['secret', source.secretRef]] as const) {
      if (!ref) continue;
      const values = await data(kind, ref.name ?? '');
      if (!values && !ref.optional) throw new ContainerConfigError(`${kind} "${ref.name}" not found`);
      for (const [name, value] of Object.entries(values ?? {})) env[(source.prefix ?? '') + name] = value;
    }
  }
  for (const variable of container.env ?? []) {
    const from = variable.valueFrom;
    if (!from) {
      env[variable.name] = expandVariables(variable.value ?? '', env);
    } else if (from.fieldRef) {
      env[variable.name] = fieldValue(pod, from.fieldRef.fieldPath, sources);
    } else if (from.resourceFieldRef) {
      env[variable.name] = resourceValue(pod, container, from.resourceFieldRef);
    } else {
      const [kind, ref] = from.secretKeyRef ? (['secret', from.secretKeyRef] as const) : (['configmap', from.configMapKeyRef!] as const);
      const values = await data(kind, ref.name ?? '');
      const value = values?.[ref.key];
      if (value !== undefined) env[variable.name] = value;
      else if (!ref.optional && !values) throw new ContainerConfigError(`${kind} "${ref.name}" not found`);
      else if (!ref.optional) throw new ContainerConfigError(`couldn't find key ${ref.key} in ${kind === 'secret' ? 'Secret' : 'ConfigMap'} ${namespace}/${ref.name}`);
    }
  }
  return env;
}

async function readData(client: Client, kind: 'configmap' | 'secret', namespace: string, name: string): Promise<Readonly<Record<string, string>> | undefined> {
  if (kind === 'configmap') {
    const configMap = await client.find<ConfigMap>(configMaps, { namespace, name });
    return configMap && (configMap.data ?? {});
  }
  const secret = await client.find<Secret>(secrets, { namespace, name });
  if (!secret) return undefined;
  return Object.fromEntries(Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
}
