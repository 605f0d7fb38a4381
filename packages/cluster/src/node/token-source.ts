import type { Pod } from '@plinth/api';
import type { Client } from '@plinth/client';
import type { Volume } from '../objects/types.ts';

/** Asks the API server for a token that the pod's containers may use as long as the pod is there. Errors: why there is none; nothing tells when there is one. */
export async function requestToken(
  client: Client,
  pod: Pod,
  { audience, expirationSeconds = 3600 }: { readonly audience?: string; readonly expirationSeconds?: number },
): Promise<string> {
  const { namespace, name, uid } = pod.metadata;
  const account = pod.spec?.serviceAccountName || 'default';
  const reply = await client.request({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { name: account, namespace },
      spec: {
        ...(audience ? { audiences: [audience] } : {}),
        expirationSeconds,
        boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid },
      },
    },
  });
  const body = reply.body as { readonly status?: { readonly token?: string }; readonly message?: string } | undefined;
  if (reply.status >= 300 || !body?.status?.token) {
    throw new Error(`failed to fetch token for service account ${namespace}/${account}: ${body?.message ?? `the API server answered ${reply.status}`}`);
  }
  return body.status.token;
}

export const hasToken = (volume: Volume): boolean => volume.projected?.sources?.some((source) => source.serviceAccountToken) ?? false;

/** How long after its making a projected volume gets new tokens: at four fifths of the shortest life, as the kubelet does. */
export function tokenRefreshMs(pod: Pod): number | undefined {
  const lives = (pod.spec?.volumes ?? []).flatMap((volume) =>
    (volume.projected?.sources ?? []).flatMap((source) => (source.serviceAccountToken ? [source.serviceAccountToken.expirationSeconds ?? 3600] : [])),
  );
  return lives.length === 0 ? undefined : Math.max(60, Math.min(...lives) * 0.8) * 1000;
}

