import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { HttpTransportOptions } from './http-transport.ts';
import { fileToken } from './token-file.ts';

/** Where Kubernetes puts a pod's credentials; https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
const serviceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * How a program that runs in a pod reaches the API server of its cluster, and its namespace. `undefined` when `env`
 * does not say that we are in one.
 */
export async function inClusterConfig(
  env: Readonly<Record<string, string | undefined>>,
  directory: string = serviceAccountDirectory,
): Promise<(HttpTransportOptions & { readonly namespace: string }) | undefined> {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (!host || !port) return undefined;
  const [ca, namespace] = await Promise.all([
    readFile(join(directory, 'ca.crt'), 'utf8'),
    readFile(join(directory, 'namespace'), 'utf8'),
  ]);
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ca,
    namespace: namespace.trim(),
    tokenProvider: fileToken(join(directory, 'token')),
  };
}
