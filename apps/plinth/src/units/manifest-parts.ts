import type { KubeObject } from '@plinth/apimachinery';
import type { GitCredentials } from '../config/identity.ts';

export interface GitServerAddress {
  /** `https://localhost:31443` */
  readonly url: string;
  readonly ca: string;
  readonly credentials: GitCredentials;
}

/** The namespace of the platform's controllers and their secrets. */
export const platformNamespace = 'kratix-platform-system';
export const fluxNamespace = 'flux-system';

export function gitSource(name: string, git: GitServerAddress, repository: string): readonly KubeObject[] {
  return [
    secret(fluxNamespace, 'git-server', { 'ca.crt': git.ca }),
    object('source.toolkit.fluxcd.io/v1', 'GitRepository', { name, namespace: fluxNamespace }, {
      spec: { url: `${git.url}/gitea_admin/${repository}`, interval: '1m', ref: { branch: 'main' }, secretRef: { name: 'git-server' } },
    }),
  ];
}

export function kustomization(name: string, source: string, path: string, dependsOn: readonly string[] = [], serviceAccountName?: string): KubeObject {
  return object('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', { name, namespace: fluxNamespace }, {
    spec: {
      interval: '5m',
      retryInterval: '10s',
      prune: true,
      path,
      sourceRef: { kind: 'GitRepository', name: source },
      ...(serviceAccountName ? { serviceAccountName } : {}),
      ...(dependsOn.length > 0 ? { dependsOn: dependsOn.map((each) => ({ name: each })) } : {}),
    },
  });
}

export function secret(namespace: string, name: string, values: Readonly<Record<string, string>>): KubeObject {
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
  return object('v1', 'Secret', { name, namespace }, { type: 'Opaque', data });
}

export function object(apiVersion: string, kind: string, metadata: KubeObject['metadata'], rest: object): KubeObject {
  return { apiVersion, kind, metadata, ...rest };
}
